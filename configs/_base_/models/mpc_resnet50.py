# ResNet-50-C, initialised from MMSegmentation's ImageNet weights. Nothing in it is
# random: the second view of an image is the projection's dropout.
_base_ = ['./mpc_hrnet_w18s.py']
model = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    backbone=dict(
        _delete_=True,
        type='ResNetV1c',
        depth=50,
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=False,
        init_cfg=dict(
            type='Pretrained', checkpoint='open-mmlab://resnet50_v1c')),
    neck=dict(in_channels=[256, 512, 1024, 2048], dropout=0.1))
