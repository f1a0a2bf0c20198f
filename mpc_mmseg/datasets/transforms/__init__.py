"""Pipeline steps, registered in mmseg's TRANSFORMS."""

from .load_forgery_image import LoadForgeryImage
from .load_forgery_mask import LoadForgeryMask
from .pack_forgery_inputs import PackForgeryInputs

__all__ = ['LoadForgeryImage', 'LoadForgeryMask', 'PackForgeryInputs']
