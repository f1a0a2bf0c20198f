from .atomic_checkpoint_hook import AtomicCheckpointHook
from .safe_checkpoint_hook import SafeCheckpointHook
from .save_maps_hook import SaveMapsHook
from .two_phase_hook import TwoPhaseHook

__all__ = [
    'AtomicCheckpointHook',
    'SafeCheckpointHook',
    'SaveMapsHook',
    'TwoPhaseHook',
]
