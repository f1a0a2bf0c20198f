# UPerNet on ResNet-50, MMSegmentation's own, with the published augmentation of MPC.
_base_ = [
    '../_base_/models/upernet_r50.py',
    '../_base_/datasets/folders_augmented.py',
    '../_base_/phases/baseline.py',
]
