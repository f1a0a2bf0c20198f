"""Pipeline steps, registered in mmseg's TRANSFORMS.

Like mmcv's, random ones draw from numpy's global generator only, so that its seed
reproduces a sample.
"""

from .loading import LoadForgeryImage, LoadForgeryMask
from .pack_forgery_inputs import PackForgeryInputs
from .post_process import CropMaskToImage, PostProcessImage
from .random_degradation import (
    RandomBlur,
    RandomGaussianNoise,
    RandomISONoise,
    RandomJPEG,
    RandomResample,
    RandomSharpen,
)
from .random_geometry import (
    RandomBlockCrop,
    RandomDihedral,
    RandomDownscale,
    RandomElastic,
    RandomGridDistortion,
)
from .random_tone import RandomBrightnessContrast, RandomGamma, RandomToneCurve

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
