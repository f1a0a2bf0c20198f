# SegFormer on MiT-B0, MMSegmentation's own, with the published augmentation of MPC.
_base_ = [
    '../_base_/models/segformer_mit_b0.py',
    '../_base_/datasets/folders_augmented.py',
    '../_base_/phases/baseline.py',
]
