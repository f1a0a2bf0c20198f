# Phase 2 alone: give phase 1's checkpoint with --load-from. On a user's own folders at 256x256.
_base_ = [
    '../_base_/models/mpc_hrnet_w18s.py',
    '../_base_/datasets/folders_256x256.py',
    '../_base_/phases/localize.py',
    '../_base_/default_runtime.py',
]
# Forged pixels are few: unweighted, maps stay below 0.5 everywhere.
model = dict(
    phase='localize',
    decode_head=dict(loss_decode=dict(forged_weight=5.0)))
