# Cross-entropy on what JPEG's blocks tell (docs/results.md). On a user's own folders at native resolution.
_base_ = [
    '../_base_/models/mpc_hrnet_w18s_blocks.py',
    '../_base_/datasets/native_256x256.py',
    '../_base_/phases/supervised.py',
    '../_base_/default_runtime.py',
]
# Two stochastic passes are for the contrast alone.
model = dict(
    phase='supervised',
    backbone=dict(backbone=dict(drop_path_rate=0.0)),
    decode_head=dict(loss_decode=dict(forged_weight=5.0)))
supervised_phase = dict(optim_wrapper=dict(optimizer=dict(lr=2e-3)))
