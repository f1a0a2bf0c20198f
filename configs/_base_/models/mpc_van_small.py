# VAN-B1 of mmpretrain, initialised from its ImageNet weights; a leaf imports
# mmpretrain.models.
_base_ = './mpc_imagenet.py'
model = dict(
    backbone=dict(
        type='mmpretrain.VAN',
        arch='small',
        out_indices=(0, 1, 2, 3),
        drop_path_rate=0.2,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://mmassets.onedl.ai/mmclassification/v0/van/van-small_8xb128_in1k_20220501-17bc91aa.pth',
            prefix='backbone.')),
    neck=dict(in_channels=[64, 128, 320, 512]))
