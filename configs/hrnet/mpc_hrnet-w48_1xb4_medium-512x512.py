# MPC (IEEE TIFS 2025) on HRNet-W48 with ImageNet weights, on the paper's medium list.
_base_ = [
    '../_base_/models/mpc_hrnet_w48.py',
    '../_base_/datasets/medium.py',
    '../_base_/phases/mpc_released.py',
    '../_base_/default_runtime.py',
]
