"""Pipeline steps, registered in mmseg's TRANSFORMS.

Random ones draw from numpy's global generator alone, as mmcv's do, so that whatever
seeds it for a sample repeats the sample.
"""

from .load_forgery_image import LoadForgeryImage
from .load_forgery_mask import LoadForgeryMask
from .pack_forgery_inputs import PackForgeryInputs
from .post_process import CropMaskToImage, PostProcessImage
from .random_block_crop import RandomBlockCrop
from .random_blur import RandomBlur
from .random_dihedral import RandomDihedral
from .random_downscale import RandomDownscale
from .random_jpeg import RandomJPEG
from .random_noise import RandomGaussianNoise, RandomISONoise
from .random_resample import RandomResample
from .random_sharpen import RandomSharpen
from .random_tone import RandomBrightnessContrast, RandomGamma, RandomToneCurve
from .random_warp import RandomElastic, RandomGridDistortion

__all__ = [
    'CropMaskToImage',
    'LoadForgeryImage',
    'LoadForgeryMask',
    'PackForgeryInputs',
    'PostProcessImage',
    'RandomBlockCrop',
    'RandomBlur',
    'RandomBrightnessContrast',
    'RandomDihedral',
    'RandomDownscale',
    'RandomElastic',
    'RandomGamma',
    'RandomGaussianNoise',
    'RandomGridDistortion',
    'RandomISONoise',
    'RandomJPEG',
    'RandomResample',
    'RandomSharpen',
    'RandomToneCurve',
]
