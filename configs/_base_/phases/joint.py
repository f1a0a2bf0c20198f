# Backbone, projection and head by the head's loss plus the contrast, weighted by
# model.contrast_weight.
joint_phase = dict(
    max_iters=50000,
    val_interval=1000,
    optim_wrapper=dict(
        optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.01)),
    param_scheduler=[
        dict(type='LinearLR', start_factor=0.01, begin=0.0, end=0.02),
        dict(type='CosineAnnealingLR', eta_min=1e-6, begin=0.02),
    ])
