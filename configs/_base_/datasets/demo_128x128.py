# The forgeries that `make demo` makes: no resizing, which would wipe out the
# traces that tell the parts of a small picture apart.
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryMask'),
    dict(type='RandomCrop', crop_size=(128, 128)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackForgeryInputs'),
]
# The mask is loaded after resizing: scores are taken at its native size.
test_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryMask'),
    dict(type='PackForgeryInputs'),
]
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='ForgeryDataset',
        data_root='work_dirs/demo/data/train',
        data_prefix=dict(img_path='images', seg_map_path='masks'),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='ForgeryDataset',
        data_root='work_dirs/demo/data/test',
        test_mode=True,
        pipeline=test_pipeline))
# The report shows a phase's last checkpoint, none that these scores selected.
test_dataloader = val_dataloader
allow_selection_on_test = True
val_evaluator = dict(type='ForgeryMetric')
test_evaluator = dict(type='ForgeryMetric')
# An override of these names would change nothing.
del train_pipeline, test_pipeline
