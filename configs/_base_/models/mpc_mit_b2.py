# MiT-B2 (SegFormer), initialised from MMSegmentation's ImageNet weights. Stochastic
# depth hardly reaches the finest map: the projection's dropout makes its second view.
_base_ = ['./mpc_hrnet_w18s.py']
model = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    backbone=dict(
        _delete_=True,
        type='MixVisionTransformer',
        embed_dims=64,
        num_layers=[3, 4, 6, 3],
        num_heads=[1, 2, 5, 8],
        drop_path_rate=0.2,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://mmassets.onedl.ai/mmsegmentation/v0.5/pretrain/segformer/mit_b2_20220624-66e8bf70.pth')),
    neck=dict(in_channels=[64, 128, 320, 512], dropout=0.1))
