# Phase 2 of MPC on HRNet at 512x512, as published; --load-from phase 1's.
_base_ = [
    '../_base_/models/mpc_hrnet_w48.py',
    '../_base_/datasets/medium_512x512.py',
    '../_base_/phases/localize_released.py',
    '../_base_/default_runtime.py',
]
model = dict(
    phase='localize',
    contrast_loss=dict(
        views=[
            dict(type='WithinImageView'),
            dict(type='CrossScaleView', positives='own'),
            dict(type='CrossModalityView', positives='own'),
        ]),
    decode_head=dict(
        loss_decode=dict(
            _delete_=True, type='ForgeryFocalLoss', alpha=0.5, gamma=2.0)))
