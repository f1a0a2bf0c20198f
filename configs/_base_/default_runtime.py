default_scope = 'mmseg'
custom_imports = dict(imports=['mpc_mmseg'], allow_failed_imports=False)
env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))
visualizer = dict(
    type='SegLocalVisualizer',
    name='visualizer',
    vis_backends=[dict(type='LocalVisBackend')])
log_processor = dict(by_epoch=False, window_size=20)
log_level = 'INFO'
randomness = dict(seed=0)
load_from = None
resume = False

# Lengths, optimizers and schedules stand in contrast_phase and localize_phase;
# what both share (AMP, clipping, accumulation) stands here.
train_cfg = dict(type='PhaseTrainLoop')
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(type='OptimWrapper')

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='AtomicCheckpointHook',
        by_epoch=False,
        interval=1000,
        max_keep_ckpts=2,
        save_best='mean/score',
        rule='greater'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='ForgeryVisualizationHook'))
custom_hooks = [
    dict(type='ProtocolHook'),
    dict(type='TwoPhaseHook'),
    dict(type='SafeCheckpointHook'),
    dict(type='SameBuffersHook'),
    dict(type='ValidationHook'),
    dict(type='WatchdogHook'),
    dict(type='CollapseHook'),
]
