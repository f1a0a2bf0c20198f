# A run without phases, by MMEngine's own loop: AdamW with warm-up and a linear decay, as
# MMSegmentation trains SegFormer; one rate for all weights.
_base_ = '../default_runtime.py'
train_cfg = dict(
    _delete_=True, type='IterBasedTrainLoop', max_iters=40000, val_interval=1000)
optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=0.01))
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1e-6, by_epoch=False, begin=0, end=1500),
    dict(
        type='PolyLR',
        eta_min=0.0,
        power=1.0,
        by_epoch=False,
        begin=1500,
        end=40000),
]
custom_hooks = [
    dict(type='ProtocolHook'),
    dict(type='SafeCheckpointHook'),
    dict(type='SameBuffersHook'),
    dict(type='WatchdogHook'),
]
