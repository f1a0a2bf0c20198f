# DeepLabV3+ on ResNet-18, MMSegmentation's own, with the published augmentation of MPC.
_base_ = [
    '../_base_/models/deeplabv3plus_r18.py',
    '../_base_/datasets/folders_augmented.py',
    '../_base_/phases/baseline.py',
]
