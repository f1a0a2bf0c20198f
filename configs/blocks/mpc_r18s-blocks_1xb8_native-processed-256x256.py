# As mpc_r18s-blocks_1xb8_native-256x256, with processed and authentic photographs. With
# --phases supervised the recipe of the published ce_r18s-blocks_casia1, which began from
# synthetic forgeries (docs/results.md).
_base_ = [
    '../_base_/models/mpc_r18s_blocks.py',
    '../_base_/datasets/native_processed.py',
    '../_base_/phases/mpc.py',
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
supervised_phase = dict(
    max_iters=1500,
    val_interval=500,
    optim_wrapper=dict(optimizer=dict(lr=3e-3)))
