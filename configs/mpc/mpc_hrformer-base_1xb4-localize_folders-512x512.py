# Phase 2 of MPC (IEEE TIFS 2025) with the release's defects mended; --load-from phase 1's.
_base_ = [
    '../_base_/models/mpc_hrformer_base.py',
    '../_base_/datasets/released_512x512.py',
    '../_base_/phases/localize_released.py',
    '../_base_/default_runtime.py',
]
# Frozen parts stay in eval mode, positives come from the other view (docs/results.md),
# and val.txt, apart from any test set (split_by_source.py), chooses the checkpoint.
model = dict(
    phase='localize',
    decode_head=dict(
        loss_decode=dict(
            _delete_=True, type='ForgeryFocalLoss', alpha=0.5, gamma=2.0)))
