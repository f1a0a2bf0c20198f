# Phase 1 of MPC on ResNet-50, as mpc_hrformer-base_1xb4-contrast_folders-512x512.
_base_ = [
    '../_base_/models/mpc_resnet50.py',
    '../_base_/datasets/released_512x512.py',
    '../_base_/phases/contrast_released.py',
    '../_base_/default_runtime.py',
]
model = dict(
    decode_head=dict(
        loss_decode=dict(
            _delete_=True, type='ForgeryFocalLoss', alpha=0.5, gamma=2.0)))
