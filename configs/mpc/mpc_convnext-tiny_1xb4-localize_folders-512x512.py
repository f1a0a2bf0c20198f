# Phase 2 of MPC on mmpretrain's ConvNeXt-T; --load-from phase 1's.
_base_ = [
    '../_base_/models/mpc_convnext_tiny.py',
    '../_base_/datasets/released_512x512.py',
    '../_base_/phases/localize_released.py',
    '../_base_/default_runtime.py',
]
custom_imports = dict(imports=['mpc_mmseg', 'mmpretrain.models'])
model = dict(
    phase='localize',
    decode_head=dict(
        loss_decode=dict(
            _delete_=True, type='ForgeryFocalLoss', alpha=0.5, gamma=2.0)))
