# Swin-T, initialised from MMSegmentation's ImageNet weights. Stochastic depth hardly
# reaches the finest map: the projection's dropout makes its second view.
_base_ = ['./mpc_hrnet_w18s.py']
model = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    backbone=dict(
        _delete_=True,
        type='SwinTransformer',
        embed_dims=96,
        depths=(2, 2, 6, 2),
        num_heads=(3, 6, 12, 24),
        window_size=7,
        drop_path_rate=0.2,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://mmassets.onedl.ai/mmsegmentation/v0.5/pretrain/swin/swin_tiny_patch4_window7_224_20220317-1cdeb081.pth')),
    neck=dict(in_channels=[96, 192, 384, 768], dropout=0.1))
