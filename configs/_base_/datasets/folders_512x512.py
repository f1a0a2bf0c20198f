# A user's own data at the paper's input size, as folders_256x256.py.
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryMask'),
    dict(type='Resize', scale=(512, 512)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackForgeryInputs'),
]
# The mask is loaded after resizing: scores are taken at its native size.
test_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='Resize', scale=(512, 512)),
    dict(type='LoadForgeryMask'),
    dict(type='PackForgeryInputs'),
]
train_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='ForgeryDataset',
        data_root='data/forgery',
        ann_file='train.txt',
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='ForgeryDataset',
        data_root='data/forgery',
        ann_file='val.txt',
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='ForgeryDataset',
        data_root='data/forgery',
        ann_file='test.txt',
        test_mode=True,
        pipeline=test_pipeline))
allow_selection_on_test = False
val_evaluator = dict(type='ForgeryMetric')
test_evaluator = dict(type='ForgeryMetric')
# An override of these names would change nothing.
del train_pipeline, test_pipeline
