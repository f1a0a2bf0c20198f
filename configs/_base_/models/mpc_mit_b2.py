# MiT-B2 (SegFormer), initialised from MMSegmentation's ImageNet weights.
_base_ = './mpc_imagenet.py'
model = dict(
    backbone=dict(
        type='MixVisionTransformer',
        embed_dims=64,
        num_layers=[3, 4, 6, 3],
        num_heads=[1, 2, 5, 8],
        drop_path_rate=0.2,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://mmassets.onedl.ai/mmsegmentation/v0.5/pretrain/segformer/mit_b2_20220624-66e8bf70.pth')),
    neck=dict(in_channels=[64, 128, 320, 512]))
