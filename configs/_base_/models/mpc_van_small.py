# VAN-B1 of mmpretrain, initialised from its ImageNet weights; a leaf imports
# mmpretrain.models. Stochastic depth hardly reaches the finest map: the projection's
# dropout makes its second view.
_base_ = ['./mpc_hrnet_w18s.py']
model = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    backbone=dict(
        _delete_=True,
        type='mmpretrain.VAN',
        arch='small',
        out_indices=(0, 1, 2, 3),
        drop_path_rate=0.2,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://mmassets.onedl.ai/mmclassification/v0/van/van-small_8xb128_in1k_20220501-17bc91aa.pth',
            prefix='backbone.')),
    neck=dict(in_channels=[64, 128, 320, 512], dropout=0.1))
