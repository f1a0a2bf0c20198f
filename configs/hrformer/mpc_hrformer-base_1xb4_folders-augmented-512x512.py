# MPC (IEEE TIFS 2025) on HRFormer-base with the release's defects fixed: frozen parts stay
# in eval mode, positives come from the other view, and val.txt, apart from any test set
# (split_by_source.py), chooses the checkpoint. --load-from the converted ImageNet weights.
_base_ = [
    '../_base_/models/mpc_hrformer_base.py',
    '../_base_/datasets/folders_augmented.py',
    '../_base_/phases/mpc_released.py',
    '../_base_/default_runtime.py',
]
