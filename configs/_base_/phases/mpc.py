# MPC from random or ImageNet weights, and the baseline of the same network. Spans are
# shares of the phase or iterations; `end` is the phase's length unless given.
phases = ['contrast', 'localize']  # what a run trains; train.py --phases chooses others
contrast_phase = dict(
    max_iters=40000,
    val_interval=1000,
    optim_wrapper=dict(
        optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.01)),
    param_scheduler=[
        dict(type='LinearLR', start_factor=0.01, begin=0.0, end=0.02),
        dict(type='CosineAnnealingLR', eta_min=1e-6, begin=0.02),
    ])
# The head on frozen features.
localize_phase = dict(
    max_iters=10000,
    val_interval=1000,
    optim_wrapper=dict(
        optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.01)),
    param_scheduler=[
        dict(type='CosineAnnealingLR', eta_min=1e-6),
    ])
# The baseline: backbone, projection and head by the head's loss alone, for as
# many iterations as both phases of MPC together.
supervised_phase = dict(
    max_iters=50000,
    val_interval=1000,
    optim_wrapper=dict(
        optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.01)),
    param_scheduler=[
        dict(type='LinearLR', start_factor=0.01, begin=0.0, end=0.02),
        dict(type='CosineAnnealingLR', eta_min=1e-6, begin=0.02),
    ])
