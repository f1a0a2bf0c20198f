from .anchors import AuthenticAnchors, SymmetricAnchors
from .binary_pixel_losses import ForgeryBCELoss, ForgeryFocalLoss
from .boundary_pixel_sampler import BoundaryPixelSampler
from .contrasts import MeanPositiveContrast, SupervisedContrast
from .hard_pixel_sampler import HardPixelSampler
from .info_nce import info_nce, info_nce_of_pairs
from .multi_view_pixel_contrast_loss import MultiViewPixelContrastLoss
from .pair_packing import Pair
from .pixel_samplers import PixelSet, RandomPixelSampler
from .prototypes import PrototypeMemory, PrototypeView
from .separation import separation
from .supervised_contrast import supervised_contrast
from .views import CrossModalityView, CrossScaleView, WithinImageView

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
