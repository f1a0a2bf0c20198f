from .binary_losses import ForgeryBCELoss, ForgeryFocalLoss
from .contrast_loss import MultiViewPixelContrastLoss, separation
from .info_nce import (
    MeanPositiveContrast,
    PackedSets,
    Pair,
    info_nce,
    packed_info_nce,
)
from .prototypes import PrototypeMemory, PrototypeView
from .samplers import (
    BoundaryPixelSampler,
    HardPixelSampler,
    PixelSet,
    RandomPixelSampler,
)
from .supervised_contrast import SupervisedContrast, supervised_contrast
from .views import (
    AuthenticAnchors,
    CrossModalityView,
    CrossScaleView,
    SymmetricAnchors,
    WithinImageView,
)

__all__ = [
    'AuthenticAnchors',
    'BoundaryPixelSampler',
    'CrossModalityView',
    'CrossScaleView',
    'ForgeryBCELoss',
    'ForgeryFocalLoss',
    'HardPixelSampler',
    'MeanPositiveContrast',
    'MultiViewPixelContrastLoss',
    'PackedSets',
    'Pair',
    'PixelSet',
    'PrototypeMemory',
    'PrototypeView',
    'RandomPixelSampler',
    'SupervisedContrast',
    'SymmetricAnchors',
    'WithinImageView',
    'info_nce',
    'packed_info_nce',
    'separation',
    'supervised_contrast',
]
