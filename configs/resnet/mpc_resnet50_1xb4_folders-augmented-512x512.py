# MPC (IEEE TIFS 2025) on ResNet-50 with ImageNet weights: the published augmentation,
# rates and schedules.
_base_ = [
    '../_base_/models/mpc_resnet50.py',
    '../_base_/datasets/folders_augmented.py',
    '../_base_/phases/mpc_released.py',
    '../_base_/default_runtime.py',
]
