# Phase 1 of the demo alone.
_base_ = [
    '../_base_/models/mpc_hrnet_w18s.py',
    '../_base_/datasets/demo_128x128.py',
    '../_base_/phases/contrast.py',
    '../_base_/default_runtime.py',
]
contrast_phase = dict(max_iters=220, val_interval=110)
default_hooks = dict(
    logger=dict(interval=10),
    checkpoint=dict(interval=100))
