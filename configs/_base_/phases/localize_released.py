# Phase 2 as published: AdamW at 1e-6, cosine with a period of 20 validations.
localize_phase = dict(
    max_iters=51200,
    val_interval=1280,
    optim_wrapper=dict(
        optimizer=dict(type='AdamW', lr=1e-6, weight_decay=0.01)),
    param_scheduler=[
        dict(type='CosineAnnealingLR', T_max='20 validations', eta_min=1e-8),
    ])
