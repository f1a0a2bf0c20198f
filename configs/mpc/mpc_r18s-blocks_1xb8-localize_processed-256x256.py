# Phase 2 alone on what JPEG's blocks tell, processed photographs as well: give --load-from a checkpoint of phase 1.
_base_ = [
    '../_base_/models/mpc_r18s_blocks.py',
    '../_base_/datasets/native_processed_256x256.py',
    '../_base_/phases/localize.py',
    '../_base_/default_runtime.py',
]
model = dict(
    phase='localize',
    contrast_loss=dict(sampler=dict(max_pixels=256)),
    decode_head=dict(loss_decode=dict(forged_weight=5.0)))
localize_phase = dict(
    max_iters=1000,
    val_interval=500,
    optim_wrapper=dict(optimizer=dict(lr=3e-3)))
