# Phase 1 alone on what JPEG's blocks tell. On a user's own folders at native resolution.
_base_ = [
    '../_base_/models/mpc_r18s_blocks.py',
    '../_base_/datasets/native_256x256.py',
    '../_base_/phases/contrast.py',
    '../_base_/default_runtime.py',
]
model = dict(decode_head=dict(loss_decode=dict(forged_weight=5.0)))
contrast_phase = dict(optim_wrapper=dict(optimizer=dict(lr=3e-3)))
