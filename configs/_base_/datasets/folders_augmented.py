# A user's own data as in folders.py, with MPC's published augmentation (IEEE TIFS 2025)
# on the files' own pixels; then 512x512. Ranges that the publication leaves open are the
# transforms' defaults.
_base_ = './folders.py'
image_size = (512, 512)  # height, width
train_pipeline = [
    dict(type='LoadForgeryImage'),
    dict(type='LoadForgeryMask'),
    dict(type='RandomApply', prob=0.75, transforms=[
        dict(type='RandomApply', prob=0.75, transforms=[
            dict(type='RandomDownscale', scale=(0.5, 1.0))]),
        dict(type='RandomApply', prob=0.75, transforms=[
            dict(type='RandomDihedral')]),
        dict(type='RandomApply', prob=0.75, transforms=[
            dict(type='RandomJPEG', quality=(50, 95))]),
        dict(type='RandomApply', prob=0.25, transforms=[
            dict(type='RandomChoice', transforms=[
                [dict(type='RandomBlur')],
                [dict(type='RandomChoice', transforms=[
                    [dict(type='RandomResample')],
                    [dict(type='RandomGaussianNoise')],
                    [dict(type='RandomISONoise')],
                    [dict(type='RandomBrightnessContrast')],
                    [dict(type='RandomGamma')],
                    [dict(type='RandomToneCurve')],
                    [dict(type='RandomSharpen')]])],
                [dict(type='RandomChoice', transforms=[
                    [dict(type='RandomElastic')],
                    [dict(type='RandomGridDistortion')]])]])]),
    ]),
    dict(type='Resize', scale=image_size[::-1]),
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
    batch_size=4, num_workers=4, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=4, num_workers=4, dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(
    batch_size=4, num_workers=4, dataset=dict(pipeline=test_pipeline))
# An override of this name would change nothing; test_pipeline stays for mmseg.apis,
# which prepares photographs without ground truth by it.
del train_pipeline
