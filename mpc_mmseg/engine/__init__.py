from .hooks import TwoPhaseHook
from .phase_train_loop import PhaseTrainLoop

__all__ = ['PhaseTrainLoop', 'TwoPhaseHook']
