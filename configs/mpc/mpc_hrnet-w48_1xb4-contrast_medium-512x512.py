# Phase 1 of MPC on HRNet at 512x512, as published.
_base_ = [
    '../_base_/models/mpc_hrnet_w48.py',
    '../_base_/datasets/medium_512x512.py',
    '../_base_/phases/contrast_released.py',
    '../_base_/default_runtime.py',
]
model = dict(
    contrast_loss=dict(
        views=[
            dict(type='WithinImageView'),
            dict(type='CrossScaleView', positives='own'),
            dict(type='CrossModalityView', positives='own'),
        ]),
    decode_head=dict(
        loss_decode=dict(
            _delete_=True, type='ForgeryFocalLoss', alpha=0.5, gamma=2.0)))
