# The synthetic forgeries of `make demo`: crops to train on and whole pictures to test
# on, not resized, which would remove the traces that separate the parts.
image_size = (128, 128)  # height and width of a crop
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryMask'),
    dict(type='RandomCrop', crop_size=image_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackForgeryInputs'),
]
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
# The report shows a phase's last checkpoint, which these scores did not select.
test_dataloader = val_dataloader
allow_selection_on_test = True
val_evaluator = dict(type='ForgeryMetric')
test_evaluator = dict(type='ForgeryMetric')
# An override of this name would change nothing; test_pipeline stays for mmseg.apis,
# which prepares photographs without ground truth by it.
del train_pipeline
