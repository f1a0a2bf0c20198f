# Cross-entropy on what JPEG's blocks tell, of photographs that were processed after they were forged as well (docs/results.md).
_base_ = [
    '../_base_/models/mpc_r18s_blocks.py',
    '../_base_/datasets/native_processed_256x256.py',
    '../_base_/phases/supervised.py',
    '../_base_/default_runtime.py',
]
model = dict(
    phase='supervised',
    decode_head=dict(loss_decode=dict(forged_weight=5.0)))
supervised_phase = dict(
    max_iters=3000,
    val_interval=500,
    optim_wrapper=dict(optimizer=dict(lr=3e-3)))
