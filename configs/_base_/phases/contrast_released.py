# Phase 1 as published: AdamW at 1e-4, halved when the validation score stalls.
contrast_phase = dict(
    max_iters=128000,
    val_interval=1280,
    optim_wrapper=dict(
        optimizer=dict(type='AdamW', lr=1e-4, weight_decay=0.01)),
    param_scheduler=[
        dict(
            type='ReduceOnPlateauLR',
            monitor='mean/score',
            rule='greater',
            factor=0.5,
            patience=3,
            min_value=1e-8),
    ])
