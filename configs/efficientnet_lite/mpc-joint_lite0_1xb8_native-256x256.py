# The head's loss plus 0.05 times the contrast of one forward pass, from ImageNet weights,
# everything trained.
_base_ = [
    '../_base_/models/mpc_lite0.py',
    '../_base_/datasets/native.py',
    '../_base_/phases/mpc.py',
    '../_base_/phases/joint.py',
    '../_base_/default_runtime.py',
]
phases = ['joint']
model = dict(
    contrast_weight=0.05,
    contrast_loss=dict(views=[
        dict(type='WithinImageView', weight=1.0),
        dict(type='CrossScaleView', weight=1.0, positives='other'),
    ]))
joint_phase = dict(
    max_iters=10000,
    val_interval=500,
    optim_wrapper=dict(optimizer=dict(lr=3e-4)))
