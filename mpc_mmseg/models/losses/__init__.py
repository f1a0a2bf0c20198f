from .binary_pixel_losses import ForgeryBCELoss, ForgeryFocalLoss
from .info_nce import info_nce
from .multi_view_pixel_contrast_loss import MultiViewPixelContrastLoss
from .pixel_samplers import PixelSet, RandomPixelSampler
from .separation import separation
from .views import CrossModalityView, CrossScaleView, WithinImageView

__all__ = [
    'CrossModalityView',
    'CrossScaleView',
    'ForgeryBCELoss',
    'ForgeryFocalLoss',
    'MultiViewPixelContrastLoss',
    'PixelSet',
    'RandomPixelSampler',
    'WithinImageView',
    'info_nce',
    'separation',
]
