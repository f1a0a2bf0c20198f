# Phase 1 of MPC as released (IEEE TIFS 2025, arXiv 2406.13565); --load-from the converted ImageNet weights.
_base_ = [
    '../_base_/models/mpc_hrformer_base.py',
    '../_base_/datasets/released_512x512.py',
    '../_base_/phases/contrast_released.py',
    '../_base_/default_runtime.py',
]
# A validation every 1 % of an epoch chooses by mean F1 and IoU. The release chose on two
# of its test sets: to repeat it, list them in val.txt. Lengths of phases are ours.
contrast_phase = dict(val_interval='0.01 epochs')
model = dict(
    frozen_eval=False,
    contrast_loss=dict(
        views=[
            dict(type='WithinImageView'),
            dict(type='CrossScaleView', positives='own'),
            dict(type='CrossModalityView', positives='own'),
        ]),
    decode_head=dict(
        loss_decode=dict(
            _delete_=True, type='ForgeryFocalLoss', alpha=0.5, gamma=2.0)))
