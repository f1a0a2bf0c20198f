# HRNet-W18-small under MPC's projection, contrast and head. Positives come from the
# other view, as the paper draws it; the released form's shortcut (docs/results.md)
# keeps a network from learning that begins with random weights.
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
    backbone=dict(
        type='MPCHRNet',
        drop_path_rate=0.2,
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=False,
        extra=dict(
            stage1=dict(
                num_modules=1,
                num_branches=1,
                block='BOTTLENECK',
                num_blocks=(2, ),
                num_channels=(64, )),
            stage2=dict(
                num_modules=1,
                num_branches=2,
                block='BASIC',
                num_blocks=(2, 2),
                num_channels=(18, 36)),
            stage3=dict(
                num_modules=3,
                num_branches=3,
                block='BASIC',
                num_blocks=(2, 2, 2),
                num_channels=(18, 36, 72)),
            stage4=dict(
                num_modules=2,
                num_branches=4,
                block='BASIC',
                num_blocks=(2, 2, 2, 2),
                num_channels=(18, 36, 72, 144)))),
    neck=dict(
        type='MultiScaleProjection',
        in_channels=[18, 36, 72, 144],
        out_channels=256),
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
        loss_decode=dict(type='ForgeryBCELoss')),
    phase='contrast',
    channels_last=True,
    test_cfg=dict(threshold=0.5))
