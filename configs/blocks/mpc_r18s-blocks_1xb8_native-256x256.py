# MPC, or cross-entropy (--phases supervised), on JPEG's blocks of a user's own folders at
# native resolution (docs/results.md).
_base_ = [
    '../_base_/models/mpc_r18s_blocks.py',
    '../_base_/datasets/native.py',
    '../_base_/phases/mpc.py',
    '../_base_/default_runtime.py',
]
contrast_phase = dict(optim_wrapper=dict(optimizer=dict(lr=3e-3)))
localize_phase = dict(optim_wrapper=dict(optimizer=dict(lr=3e-3)))
supervised_phase = dict(optim_wrapper=dict(optimizer=dict(lr=3e-3)))
