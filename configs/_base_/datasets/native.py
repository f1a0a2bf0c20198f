# A user's own data as in folders.py, without resizing, which removes the traces of
# compression: crops of image_size to train on, whole photographs to test on. Photographs
# have many sizes, so they are tested one by one.
image_size = (256, 256)  # height and width of a crop
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryMask'),
    dict(type='RandomBlockCrop', size=image_size),
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
# An override of this name would change nothing; test_pipeline stays for mmseg.apis,
# which prepares photographs without ground truth by it.
del train_pipeline
