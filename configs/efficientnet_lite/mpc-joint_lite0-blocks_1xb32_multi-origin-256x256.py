# Two streams, EfficientNet-Lite0 on RGB and a narrow ResNet-18 on JPEG's blocks, on
# photographs of many origins: the head's loss plus 0.05 times the contrast of one forward
# pass. --phases supervised: without the contrast, as ce_lite0-blocks_multi was trained.
_base_ = [
    '../_base_/models/mpc_lite0_blocks.py',
    '../_base_/datasets/multi_origin.py',
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
adam = dict(optimizer=dict(lr=5e-4))
train_dataloader = dict(batch_size=32)
joint_phase = dict(max_iters=20000, val_interval=1000, optim_wrapper=adam)
supervised_phase = dict(
    max_iters=20000, val_interval=1000, optim_wrapper=adam)
# An override of this name would change nothing.
del adam
