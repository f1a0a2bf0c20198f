# Forged photographs as they are, and forgeries made on the fly of photographs of many
# origins with realistic histories, in one run. Train on lists as native.py has
# them; each other origin is a folder of authentic photographs. A share of everything is
# processed as a whole after it was forged, as a web site or a chat does; a fifth of what
# is made, and the cameras' own files, stay authentic. One epoch of 441 real forgeries
# and 1,000 photographs is about 3,700 draws, a quarter of them real forgeries.
_base_ = './native.py'

saved = dict(type='RandomJPEG', quality=(50, 95), full_chroma=0.2)
noise = dict(type='RandomGaussianNoise', sigma=(1.0, 5.0))
soft = dict(type='RandomResample', scale=(0.5, 0.95))
smaller = dict(
    type='RandomResize',
    scale=(384, 384),
    ratio_range=(0.67, 0.95),
    keep_ratio=True)
off_grid = dict(type='RandomBlockCrop', size=(370, 370), block=1)
# Each chain with about the same chance: once more in a program, on a web site, twice.
processed = dict(
    type='RandomChoice',
    transforms=[
        [saved],
        [soft],
        [noise],
        [smaller],
        [off_grid],
        [soft, saved],
        [noise, saved],
        [smaller, saved],
        [off_grid, saved],
        [saved, smaller, saved],
    ])
load = [dict(type='LoadForgeryImage'), dict(type='LoadForgeryMask')]
sometimes = dict(type='RandomApply', prob=0.4, transforms=[processed])
pack = [
    dict(type='RandomBlockCrop', size={{_base_.image_size}}),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackForgeryInputs'),
]


def times(count, dataset):
    return dict(type='RepeatDataset', times=count, dataset=dataset)


def photographs(root):
    return dict(
        type='ForgeryDataset',
        data_root=root,
        data_prefix=dict(authentic_path='.'))


listed = dict(
    type='ForgeryDataset',
    data_root='data/forgery',
    ann_file='train_authentic.txt')
origins = [
    times(3, photographs('data/cameras')),
    photographs('data/bsds500/images'),
    times(3, photographs('data/kodak24')),
    listed,
]
# On the grid of the camera's own blocks.
made = dict(
    type='ForgeOnTheFly',
    dataset=dict(type='ConcatDataset', datasets=origins),
    preset='realistic',
    size=(384, 384),
    downscale=(1.0, 1.0),
    block=16,
    authentic_share=0.2,
    pipeline=[sometimes, *pack])
# What a web site shows: forged at a larger size, made smaller, saved once more.
shared = dict(
    type='ForgeOnTheFly',
    dataset=times(2, photographs('data/cameras')),
    preset='realistic',
    size=(512, 512),
    downscale=(0.7, 1.0),
    authentic_share=0.2,
    pipeline=[
        dict(
            type='RandomResize',
            scale=(512, 512),
            ratio_range=(0.5, 0.8),
            keep_ratio=True),
        dict(type='RandomJPEG', quality=(60, 92), full_chroma=0.1),
        *pack,
    ])
real = dict(
    type='ForgeryDataset',
    data_root='data/forgery',
    ann_file='train.txt',
    pipeline=[*load, sometimes, *pack])
authentic = [
    dict(photographs('data/cameras'), pipeline=[*load, sometimes, *pack]),
    # Never as they are: the program that saved a file would give the verdict away.
    dict(listed, pipeline=[*load, processed, *pack]),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[times(2, real), made, shared, *authentic]))
# An override of these names would change nothing.
del saved, noise, soft, smaller, off_grid, processed, load, sometimes, pack, times
del photographs, listed, origins, made, shared, real, authentic
