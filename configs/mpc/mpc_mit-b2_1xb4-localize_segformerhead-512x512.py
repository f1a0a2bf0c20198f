# Phase 2 on MiT-B2 with a head and losses of MMSegmentation: SegformerHead, two
# classes, cross-entropy and Dice; --load-from phase 1's.
_base_ = [
    '../_base_/models/mpc_mit_b2.py',
    '../_base_/datasets/released_512x512.py',
    '../_base_/phases/localize.py',
    '../_base_/default_runtime.py',
]
model = dict(
    phase='localize',
    decode_head=dict(
        _delete_=True,
        type='SegformerHead',
        in_channels=[256, 256, 256, 256],
        in_index=[0, 1, 2, 3],
        channels=256,
        num_classes=2,
        out_channels=2,
        norm_cfg=dict(type='BN', requires_grad=True),
        loss_decode=[
            dict(type='CrossEntropyLoss', avg_non_ignore=True),
            dict(type='DiceLoss', use_sigmoid=False),
        ]))
