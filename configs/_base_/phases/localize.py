# Phase 2: the head on frozen features.
localize_phase = dict(
    max_iters=10000,
    val_interval=1000,
    optim_wrapper=dict(
        optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.01)),
    param_scheduler=[
        dict(type='CosineAnnealingLR', eta_min=1e-6),
    ])
