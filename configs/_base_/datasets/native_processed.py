# native.py, for few false positives: half of the forged photographs are processed as a
# whole after the forgery, and the authentic ones, in train_authentic.txt, always are. So
# the program that saved a file does not separate the classes, and the network learns that
# the traces of resizing, noise or a new compression are no forgery.
_base_ = './native.py'
jpeg = dict(type='RandomJPEG', quality=(50, 95))
resample = dict(type='RandomResample', scale=(0.5, 0.95))
noise = dict(type='RandomGaussianNoise', sigma=(1.0, 5.0))
resize = dict(
    type='RandomChoiceResize',
    scales=[(288, 192), (336, 224), (460, 306)],
    keep_ratio=True)
off_grid = dict(type='RandomBlockCrop', size=(250, 370), block=1)
processed = dict(
    type='RandomChoice',
    transforms=[
        [jpeg],
        [resample],
        [noise],
        [resize],
        [off_grid],
        [resample, jpeg],
        [noise, jpeg],
        [resize, jpeg],
        [off_grid, jpeg],
    ])
load = [dict(type='LoadForgeryImage'), dict(type='LoadForgeryMask')]
pack = [
    dict(type='RandomBlockCrop', size={{_base_.image_size}}),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackForgeryInputs'),
]
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(
                type='ForgeryDataset',
                data_root='data/forgery',
                ann_file='train.txt',
                pipeline=[
                    *load,
                    dict(type='RandomApply', prob=0.5, transforms=[processed]),
                    *pack,
                ]),
            dict(
                type='ForgeryDataset',
                data_root='data/forgery',
                ann_file='train_authentic.txt',
                pipeline=[*load, processed, *pack]),
        ]))
# An override of these names would change nothing.
del jpeg, resample, noise, resize, off_grid, processed, load, pack
