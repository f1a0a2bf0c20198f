"""Pipeline steps, registered in mmseg's TRANSFORMS."""

from .load_forgery_image import LoadForgeryImage
from .load_forgery_mask import LoadForgeryMask
from .pack_forgery_inputs import PackForgeryInputs
from .post_process import CropMaskToImage, PostProcessImage

__all__ = [
    'CropMaskToImage',
    'LoadForgeryImage',
    'LoadForgeryMask',
    'PackForgeryInputs',
    'PostProcessImage',
]
