# Both phases on what JPEG's blocks tell, with processed and authentic photographs (docs/results.md).
_base_ = [
    '../_base_/models/mpc_r18s_blocks.py',
    '../_base_/datasets/native_quiet_256x256.py',
    '../_base_/phases/contrast.py',
    '../_base_/phases/localize.py',
    '../_base_/default_runtime.py',
]
model = dict(
    contrast_loss=dict(sampler=dict(max_pixels=256)),
    decode_head=dict(loss_decode=dict(forged_weight=10.0)))
contrast_phase = dict(
    max_iters=2000,
    val_interval=500,
    optim_wrapper=dict(optimizer=dict(lr=3e-3)))
localize_phase = dict(
    max_iters=1000,
    val_interval=500,
    optim_wrapper=dict(optimizer=dict(lr=3e-3)))
