# MPC (IEEE TIFS 2025) on mmpretrain's ConvNeXt-T with ImageNet weights: the published augmentation,
# rates and schedules.
_base_ = [
    '../_base_/models/mpc_convnext_tiny.py',
    '../_base_/datasets/folders_augmented.py',
    '../_base_/phases/mpc_released.py',
    '../_base_/default_runtime.py',
]
custom_imports = dict(imports=['mpc_mmseg', 'mmpretrain.models'])
