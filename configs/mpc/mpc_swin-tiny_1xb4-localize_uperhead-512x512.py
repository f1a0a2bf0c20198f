# Phase 2 on Swin-T with a head and a loss of MMSegmentation: UPerHead, one logit,
# cross-entropy; --load-from phase 1's.
_base_ = [
    '../_base_/models/mpc_swin_tiny.py',
    '../_base_/datasets/released_512x512.py',
    '../_base_/phases/localize.py',
    '../_base_/default_runtime.py',
]
model = dict(
    phase='localize',
    decode_head=dict(
        _delete_=True,
        type='UPerHead',
        in_channels=[256, 256, 256, 256],
        in_index=[0, 1, 2, 3],
        pool_scales=(1, 2, 3, 6),
        channels=256,
        num_classes=2,
        out_channels=1,
        threshold=0.5,
        norm_cfg=dict(type='BN', requires_grad=True),
        # With one logit class_weight is the factor of forged pixels.
        loss_decode=dict(
            type='CrossEntropyLoss',
            use_sigmoid=True,
            avg_non_ignore=True,
            class_weight=[5.0])))
