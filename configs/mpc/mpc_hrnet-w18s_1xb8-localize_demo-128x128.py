# Phase 2 of the demo alone: give phase 1's checkpoint with --load-from.
_base_ = [
    '../_base_/models/mpc_hrnet_w18s.py',
    '../_base_/datasets/demo_128x128.py',
    '../_base_/phases/localize.py',
    '../_base_/default_runtime.py',
]
model = dict(phase='localize')
localize_phase = dict(max_iters=120, val_interval=60)
default_hooks = dict(
    logger=dict(interval=10),
    checkpoint=dict(interval=100))
