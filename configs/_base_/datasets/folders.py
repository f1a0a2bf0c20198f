# A user's own data: images/, masks/ and authentic/ under data_root, divided by
# train.txt, val.txt (chooses checkpoints) and test.txt (scores them); see
# tools/dataset_converters/split_by_source.py. Pictures are resized to image_size.
image_size = (256, 256)  # height, width
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryMask'),
    dict(type='Resize', scale=image_size[::-1]),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackForgeryInputs'),
]
# The mask is loaded after resizing: scores are taken at its native size.
test_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='Resize', scale=image_size[::-1]),
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
    batch_size=8,
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
    batch_size=8,
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
