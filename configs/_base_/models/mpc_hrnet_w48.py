# HRNet-W48, initialised from MMSegmentation's ImageNet weights.
_base_ = './mpc_hrnet_w18.py'
model = dict(
    backbone=dict(
        init_cfg=dict(checkpoint='open-mmlab://msra/hrnetv2_w48'),
        extra=dict(
            stage2=dict(num_channels=(48, 96)),
            stage3=dict(num_channels=(48, 96, 192)),
            stage4=dict(num_channels=(48, 96, 192, 384)))),
    neck=dict(in_channels=[48, 96, 192, 384]))
