# As mpc_r18s-blocks_1xb8_native-256x256, and on synthetic forgeries of the authentic
# photographs: put those of train.txt, and no others, into train_authentic.txt.
_base_ = [
    '../_base_/models/mpc_r18s_blocks.py',
    '../_base_/datasets/native_synthetic.py',
    '../_base_/phases/mpc.py',
    '../_base_/default_runtime.py',
]
contrast_phase = dict(optim_wrapper=dict(optimizer=dict(lr=3e-3)))
localize_phase = dict(optim_wrapper=dict(optimizer=dict(lr=3e-3)))
supervised_phase = dict(optim_wrapper=dict(optimizer=dict(lr=3e-3)))
