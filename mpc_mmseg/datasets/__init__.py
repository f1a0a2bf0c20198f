"""Images with masks of what was forged, and the steps that load and pack them."""

from .forge_on_the_fly import ForgeOnTheFly
from .forgery_dataset import ForgeryDataset
from .transforms import LoadForgeryImage, LoadForgeryMask, PackForgeryInputs

__all__ = [
    'ForgeOnTheFly',
    'ForgeryDataset',
    'LoadForgeryImage',
    'LoadForgeryMask',
    'PackForgeryInputs',
]
