from .atomic_checkpoint_hook import AtomicCheckpointHook
from .cached_features_hook import CachedFeaturesHook
from .collapse_hook import CollapseHook
from .forgery_visualization_hook import ForgeryVisualizationHook
from .phase_ema_hook import PhaseEMAHook
from .protocol_hook import ProtocolHook
from .safe_checkpoint_hook import SafeCheckpointHook
from .same_buffers_hook import SameBuffersHook
from .save_maps_hook import SaveMapsHook
from .sharded_optimizer_hook import ShardedOptimizerHook
from .two_phase_hook import TwoPhaseHook
from .validation_hook import ValidationHook
from .watchdog_hook import WatchdogHook

__all__ = [
    'AtomicCheckpointHook',
    'CachedFeaturesHook',
    'CollapseHook',
    'ForgeryVisualizationHook',
    'PhaseEMAHook',
    'ProtocolHook',
    'SafeCheckpointHook',
    'SameBuffersHook',
    'SaveMapsHook',
    'ShardedOptimizerHook',
    'TwoPhaseHook',
    'ValidationHook',
    'WatchdogHook',
]
