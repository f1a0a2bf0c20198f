"""Configs of small networks that are all mmseg's, and of runs on them."""


def plain_model(out_channels=2, **head):
    """An EncoderDecoder of two classes, or of one logit.

    Keys that mmseg reads as attributes are here (``test_cfg.mode``), and none of ours.
    """
    sigmoid = out_channels == 1
    loss = dict(type='CrossEntropyLoss', use_sigmoid=sigmoid, avg_non_ignore=True)
    if sigmoid:
        head = dict(threshold=0.5, **head)
    return dict(
        type='EncoderDecoder',
        data_preprocessor=dict(
            type='SegDataPreProcessor',
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375],
            bgr_to_rgb=True,
            pad_val=0,
            seg_pad_val=255,
            size_divisor=32,
            test_cfg=dict(size_divisor=32),
        ),
        backbone=dict(
            type='ResNetV1c',
            depth=18,
            base_channels=8,
            stem_channels=8,
            norm_cfg=dict(type='BN'),
        ),
        decode_head=dict(
            type='FCNHead',
            in_channels=64,
            in_index=3,
            channels=8,
            num_convs=1,
            num_classes=2,
            out_channels=out_channels,
            norm_cfg=dict(type='BN'),
            align_corners=False,
            loss_decode=loss,
            **head,
        ),
        train_cfg=dict(),
        test_cfg=dict(mode='whole'),
    )
