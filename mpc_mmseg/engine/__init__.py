from mpc_mmseg.lazy_names import lazy_names

_WHERE = {
    'CpuAmpOptimWrapper': 'cpu_amp_optim_wrapper',
    'PhaseTrainLoop': 'phase_train_loop',
    'ShardedOptimizer': 'hooks.sharded_optimizer_hook',
    'TwoPhaseHook': 'hooks',
    'load_from_package': 'checkpoints.package_weights',
}
__all__ = list(_WHERE)

__getattr__ = lazy_names(__name__, _WHERE)
