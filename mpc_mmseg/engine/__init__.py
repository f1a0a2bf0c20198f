from .cpu_amp_optim_wrapper import CpuAmpOptimWrapper
from .hooks import TwoPhaseHook
from .phase_train_loop import PhaseTrainLoop
from .sharded_optimizer import ShardedOptimizer

__all__ = ['CpuAmpOptimWrapper', 'PhaseTrainLoop', 'ShardedOptimizer', 'TwoPhaseHook']
