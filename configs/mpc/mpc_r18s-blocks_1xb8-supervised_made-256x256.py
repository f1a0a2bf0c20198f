# Cross-entropy on what JPEG's blocks tell (docs/results.md). On a user's own folders at
# native resolution, and on forgeries made of their authentic photographs.
# Put the authentic photographs of train.txt, and no others, into train_authentic.txt.
_base_ = [
    '../_base_/models/mpc_r18s_blocks.py',
    '../_base_/datasets/native_made_256x256.py',
    '../_base_/phases/supervised.py',
    '../_base_/default_runtime.py',
]
model = dict(
    phase='supervised',
    decode_head=dict(loss_decode=dict(forged_weight=5.0)))
supervised_phase = dict(optim_wrapper=dict(optimizer=dict(lr=3e-3)))
