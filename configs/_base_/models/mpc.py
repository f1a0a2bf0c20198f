# What every model shares: MPC's projection, contrast and head (IEEE TIFS 2025). A model
# file adds the backbone and its channels. Positives come from the other view, as the paper
# draws it; the released code's own-view positives are a shortcut, which a network from
# random weights takes (docs/results.md).
model = dict(
    type='MPCSegmentor',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[0, 0, 0],
        std=[255, 255, 255],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
        size_divisor=32,
        test_cfg=dict(size_divisor=32)),
    neck=dict(type='MultiScaleProjection', out_channels=256),
    contrast_loss=dict(
        type='MultiViewPixelContrastLoss',
        temperature=0.1,
        sampler=dict(type='RandomPixelSampler', max_pixels=5000),
        views=[
            dict(type='WithinImageView', weight=1.0),
            dict(type='CrossScaleView', weight=1.0, positives='other'),
            dict(type='CrossModalityView', weight=1.0, positives='other'),
        ]),
    cluster_head=dict(type='ClusterHead'),
    decode_head=dict(
        type='LocalizationHead',
        in_channels=[256, 256, 256, 256],
        hidden_channels=(512, 256, 128),
        loss_decode=dict(type='ForgeryFocalLoss', alpha=0.5, gamma=2.0)),
    channels_last=True,
    test_cfg=dict(threshold=0.5))
