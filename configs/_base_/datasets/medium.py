# The medium training set of the paper, which is CAT-Net's list, and its ten test sets:
# each a root of its own with the list that tools/dataset_converters/to_protocol.py
# writes there, images and masks at 512x512. An epoch of training draws
# 598,871 + 40 x 5,123 + 20 x 2,010 = 843,991 images.
image_size = (512, 512)  # height, width
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
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='ConcatDataset',
        datasets=[
            dict(
                type='ForgeryDataset',
                data_root='data/tampcoco',
                ann_file='tampcoco.txt',
                pipeline=train_pipeline),
            dict(
                type='RepeatDataset',
                times=40,
                dataset=dict(
                    type='ForgeryDataset',
                    data_root='data/casia_v2',
                    ann_file='casia_v2.txt',
                    pipeline=train_pipeline)),
            dict(
                type='RepeatDataset',
                times=20,
                dataset=dict(
                    type='ForgeryDataset',
                    data_root='data/imd2020',
                    ann_file='imd2020.txt',
                    pipeline=train_pipeline)),
        ]))
# The released code selects checkpoints on two of its test sets. Selection needs
# forgeries of another source: your own, or some of tools/.../make_forgeries.py.
val_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='ForgeryDataset',
        data_root='data/val',
        ann_file='val.txt',
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='ConcatDataset',
        datasets=[
            dict(
                type='ForgeryDataset',
                data_root=f'data/{name}',
                ann_file=f'{name}.txt',
                test_mode=True,
                pipeline=test_pipeline)
            for name in (
                'columbia', 'dso1', 'casia_v1', 'nist16', 'coverage', 'korus',
                'in_the_wild', 'cocoglide', 'misd', 'faceforensics')
        ]))
val_evaluator = dict(type='ForgeryMetric')
test_evaluator = dict(type='ForgeryMetric')
allow_selection_on_test = False
# An override of this name would change nothing; test_pipeline stays for mmseg.apis,
# which prepares photographs without ground truth by it.
del train_pipeline
