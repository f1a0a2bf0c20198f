"""Images with masks of what was forged, and the steps that load and pack them."""

from .forgery_dataset import ForgeryDataset
from .transforms import LoadForgeryImage, LoadForgeryMask, PackForgeryInputs

__all__ = [
    'ForgeryDataset',
    'LoadForgeryImage',
    'LoadForgeryMask',
    'PackForgeryInputs',
]
