from .protocol_hook import ProtocolHook
from .safe_checkpoint_hook import SafeCheckpointHook
from .save_maps_hook import SaveMapsHook
from .two_phase_hook import TwoPhaseHook

__all__ = ['ProtocolHook', 'SafeCheckpointHook', 'SaveMapsHook', 'TwoPhaseHook']
