# What `make demo` trains: both phases, in about five minutes on two CPU cores.
_base_ = [
    '../_base_/models/mpc_hrnet_w18s.py',
    '../_base_/datasets/demo.py',
    '../_base_/phases/mpc.py',
    '../_base_/default_runtime.py',
]
# The demo's scores are those of the unweighted loss.
model = dict(decode_head=dict(loss_decode=dict(forged_weight=1.0)))
contrast_phase = dict(max_iters=220, val_interval=110)
localize_phase = dict(max_iters=120, val_interval=60)
default_hooks = dict(
    logger=dict(interval=10),
    checkpoint=dict(interval=100))
