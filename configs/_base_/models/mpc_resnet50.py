# ResNet-50-C, initialised from MMSegmentation's ImageNet weights.
_base_ = './mpc_imagenet.py'
model = dict(
    backbone=dict(
        type='ResNetV1c',
        depth=50,
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=False,
        init_cfg=dict(
            type='Pretrained', checkpoint='open-mmlab://resnet50_v1c')),
    neck=dict(in_channels=[256, 512, 1024, 2048]))
