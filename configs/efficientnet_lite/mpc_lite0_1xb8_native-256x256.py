# MPC from ImageNet weights on a user's own folders at native resolution; cross-entropy with
# --phases supervised, both losses at once with --phases joint.
_base_ = [
    '../_base_/models/mpc_lite0.py',
    '../_base_/datasets/native.py',
    '../_base_/phases/mpc.py',
    '../_base_/phases/joint.py',
    '../_base_/default_runtime.py',
]
phases = ['contrast', 'localize']
adam = dict(optimizer=dict(lr=3e-4))
contrast_phase = dict(max_iters=7000, val_interval=500, optim_wrapper=adam)
localize_phase = dict(max_iters=3000, val_interval=500, optim_wrapper=adam)
supervised_phase = dict(max_iters=10000, val_interval=500, optim_wrapper=adam)
joint_phase = dict(max_iters=10000, val_interval=500, optim_wrapper=adam)
# An override of this name would change nothing.
del adam
