# HRNet-W48, initialised from MMSegmentation's ImageNet weights.
_base_ = ['./mpc_hrnet_w18s.py']
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained', checkpoint='open-mmlab://msra/hrnetv2_w48'),
        extra=dict(
            stage1=dict(num_blocks=(4, )),
            stage2=dict(num_blocks=(4, 4), num_channels=(48, 96)),
            stage3=dict(
                num_modules=4,
                num_blocks=(4, 4, 4),
                num_channels=(48, 96, 192)),
            stage4=dict(
                num_modules=3,
                num_blocks=(4, 4, 4, 4),
                num_channels=(48, 96, 192, 384)))),
    neck=dict(in_channels=[48, 96, 192, 384]))
