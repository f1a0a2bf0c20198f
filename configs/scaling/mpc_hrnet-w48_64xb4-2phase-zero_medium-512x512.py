# The same with the optimizer's state divided among the processes (ZeRO stage 1).
_base_ = ['./mpc_hrnet-w48_64xb4-2phase_medium-512x512.py']
contrast_phase = dict(
    optim_wrapper=dict(
        optimizer=dict(type='ShardedOptimizer', optimizer_type='AdamW')))
localize_phase = dict(
    optim_wrapper=dict(
        optimizer=dict(type='ShardedOptimizer', optimizer_type='AdamW')))
custom_hooks = [
    dict(type='ProtocolHook'),
    dict(type='TwoPhaseHook'),
    dict(type='ShardedOptimizerHook'),
    dict(type='SafeCheckpointHook'),
    dict(type='SameBuffersHook'),
    dict(type='WatchdogHook'),
    dict(type='CollapseHook'),
]
