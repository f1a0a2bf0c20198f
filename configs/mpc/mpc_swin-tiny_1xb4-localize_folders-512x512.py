# Phase 2 of MPC on Swin-T; --load-from phase 1's.
_base_ = [
    '../_base_/models/mpc_swin_tiny.py',
    '../_base_/datasets/released_512x512.py',
    '../_base_/phases/localize_released.py',
    '../_base_/default_runtime.py',
]
model = dict(
    phase='localize',
    decode_head=dict(
        loss_decode=dict(
            _delete_=True, type='ForgeryFocalLoss', alpha=0.5, gamma=2.0)))
