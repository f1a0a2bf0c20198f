# MPC, or the supervised baseline, on a user's own folders at 256x256, from random weights.
_base_ = [
    '../_base_/models/mpc_hrnet_w18s.py',
    '../_base_/datasets/folders.py',
    '../_base_/phases/mpc.py',
    '../_base_/default_runtime.py',
]
