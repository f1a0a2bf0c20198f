"""Images with masks of what was forged, and the steps that load and change them."""

from mpc_mmseg.lazy_names import lazy_names

_WHERE = {
    'ForgeOnTheFly': 'forge_on_the_fly',
    'ForgeryDataset': 'forgery_dataset',
    'LoadForgeryImage': 'transforms',
    'LoadForgeryMask': 'transforms',
    'PackForgeryInputs': 'transforms',
    'RandomBlockCrop': 'transforms',
    'RandomBlur': 'transforms',
    'RandomBrightnessContrast': 'transforms',
    'RandomDihedral': 'transforms',
    'RandomDownscale': 'transforms',
    'RandomElastic': 'transforms',
    'RandomGamma': 'transforms',
    'RandomGaussianNoise': 'transforms',
    'RandomGridDistortion': 'transforms',
    'RandomISONoise': 'transforms',
    'RandomJPEG': 'transforms',
    'RandomResample': 'transforms',
    'RandomSharpen': 'transforms',
    'RandomToneCurve': 'transforms',
    'S3Backend': 'io.s3_backend',
    'TarBackend': 'io.tar_backend',
}
__all__ = list(_WHERE)

__getattr__ = lazy_names(__name__, _WHERE)
