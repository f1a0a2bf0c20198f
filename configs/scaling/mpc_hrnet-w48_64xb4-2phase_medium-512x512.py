# The medium list on 64 GPUs (docs/scaling.md): steps of 256 images, rates times sqrt(64).
_base_ = ['../mpc/mpc_hrnet-w48_1xb4-2phase_medium-512x512.py']
sync_bn = 'torch'
optim_wrapper = dict(
    type='AmpOptimWrapper',
    dtype='bfloat16',
    clip_grad=dict(max_norm=1.0))
contrast_phase = dict(
    max_iters=2000,
    val_interval='0.1 epochs',
    optim_wrapper=dict(optimizer=dict(lr=8e-4)),
    param_scheduler=[
        dict(type='LinearLR', start_factor=0.01, begin=0.0, end=0.05),
        dict(type='CosineAnnealingLR', eta_min=1e-8, begin=0.05),
    ])
localize_phase = dict(
    max_iters=800,
    val_interval='0.1 epochs',
    optim_wrapper=dict(optimizer=dict(lr=8e-6)),
    param_scheduler=[dict(type='CosineAnnealingLR', eta_min=1e-8)])
