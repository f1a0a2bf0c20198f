"""Images with masks of what was forged, and the steps that load and change them."""

from .forge_on_the_fly import ForgeOnTheFly
from .forgery_dataset import ForgeryDataset
from .tar_backend import TarBackend
from .transforms import (
    LoadForgeryImage,
    LoadForgeryMask,
    PackForgeryInputs,
    RandomBlockCrop,
    RandomBlur,
    RandomBrightnessContrast,
    RandomDihedral,
    RandomDownscale,
    RandomElastic,
    RandomGamma,
    RandomGaussianNoise,
    RandomGridDistortion,
    RandomISONoise,
    RandomJPEG,
    RandomResample,
    RandomSharpen,
    RandomToneCurve,
)

__all__ = [
    'ForgeOnTheFly',
    'ForgeryDataset',
    'LoadForgeryImage',
    'LoadForgeryMask',
    'PackForgeryInputs',
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
    'TarBackend',
]
