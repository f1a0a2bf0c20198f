# MPC's published rates and schedules: AdamW at 1e-4, halved when the validation score
# stalls; then the head at 1e-6, cosine with a period of 20 validations. The lengths of the
# phases are this project's.
phases = ['contrast', 'localize']  # what a run trains; train.py --phases chooses others
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
localize_phase = dict(
    max_iters=51200,
    val_interval=1280,
    optim_wrapper=dict(
        optimizer=dict(type='AdamW', lr=1e-6, weight_decay=0.01)),
    param_scheduler=[
        dict(type='CosineAnnealingLR', T_max='20 validations', eta_min=1e-8),
    ])
