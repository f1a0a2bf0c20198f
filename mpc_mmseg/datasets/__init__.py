"""Data sets of images with forgery masks, and transforms that load and change them."""

from mpc_mmseg.lazy_names import lazy_names

_WHERE = {
    'ForgeOnTheFly': 'forge_on_the_fly',
    'ForgeryDataset': 'forgery_dataset',
    'S3Backend': 'io.s3_backend',
    'TarBackend': 'io.tar_backend',
}
_TRANSFORMS = """
    LoadForgeryImage LoadForgeryMask PackForgeryInputs RandomBlockCrop RandomBlur
    RandomBrightnessContrast RandomDihedral RandomDownscale RandomElastic RandomGamma
    RandomGaussianNoise RandomGridDistortion RandomISONoise RandomJPEG RandomResample
    RandomSharpen RandomToneCurve
"""
_WHERE |= dict.fromkeys(_TRANSFORMS.split(), 'transforms')
__all__ = list(_WHERE)

__getattr__ = lazy_names(__name__, _WHERE)
