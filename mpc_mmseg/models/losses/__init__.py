from .binary_losses import ForgeryBCELoss, ForgeryFocalLoss
from .contrast_loss import MultiViewPixelContrastLoss, separation
from .info_nce import MeanPositiveContrast, Pair, info_nce, info_nce_of_pairs
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
    'Pair',
    'PixelSet',
    'PrototypeMemory',
    'PrototypeView',
    'RandomPixelSampler',
    'SupervisedContrast',
    'SymmetricAnchors',
    'WithinImageView',
    'info_nce',
    'info_nce_of_pairs',
    'separation',
    'supervised_contrast',
]
