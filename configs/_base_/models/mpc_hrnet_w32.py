# HRNet-W32, initialised from MMSegmentation's ImageNet weights.
_base_ = './mpc_hrnet_w18.py'
model = dict(
    backbone=dict(
        init_cfg=dict(checkpoint='open-mmlab://msra/hrnetv2_w32'),
        extra=dict(
            stage2=dict(num_channels=(32, 64)),
            stage3=dict(num_channels=(32, 64, 128)),
            stage4=dict(num_channels=(32, 64, 128, 256)))),
    neck=dict(in_channels=[32, 64, 128, 256]))
