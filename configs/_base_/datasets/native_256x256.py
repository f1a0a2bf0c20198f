# A user's own data, as folders_256x256.py, without resizing, which wipes out the traces
# of compression: crops to train on, whole photographs to test on. Photographs are of
# many sizes, so they are tested one by one.
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryMask'),
    dict(type='RandomBlockCrop', size=(256, 256)),
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
        data_root='data/forgery',
        ann_file='train.txt',
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='ForgeryDataset',
        data_root='data/forgery',
        ann_file='val.txt',
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
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
