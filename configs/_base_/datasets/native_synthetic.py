# native.py, and synthetic forgeries of the authentic photographs in train_authentic.txt,
# one of each an epoch. Parts are inserted unchanged and the result is saved once more, so
# that only the history of compression separates them.
_base_ = './native.py'
synthetic = dict(
    type='ForgeOnTheFly',
    dataset=dict(
        type='ForgeryDataset',
        data_root='data/forgery',
        ann_file='train_authentic.txt'),
    preset='natural',
    recipe_options={
        'kinds': ['splice', 'copy_move'],
        'area_range': [0.01, 0.25],
        'places': 4,
        'feather_range': [0.0, 1.5],
        'colour_strength_range': [0.0, 0.5],
        'background.blur_probability': 0.0,
        'background.noise_sigma': [0.0, 0.0],
        'background.resample_probability': 0.0,
        'background.jpeg_probability': 0.0,
        'part.blur_probability': 0.0,
        'part.noise_sigma': [0.0, 0.0],
        'part.resample_probability': 0.3,
        'part.jpeg_probability': 0.0,
        'final_jpeg_quality': [70, 98],
        'final_jpeg_probability': 1.0,
    },
    # Photographs up to this size are forged whole, on the grid of their own blocks.
    size=(384, 384),
    downscale=(1.0, 1.0),
    pipeline=[
        dict(type='RandomBlockCrop', size={{_base_.image_size}}),
        dict(type='RandomFlip', prob=0.5),
        dict(type='PackForgeryInputs'),
    ])
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[{{_base_.train_dataloader.dataset}}, synthetic]))
# An override of this name would change nothing.
del synthetic
