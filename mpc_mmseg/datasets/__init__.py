"""Data sets of images with forgery masks, and transforms that load and change them."""

from mpc_mmseg.lazy_names import lazy_names

_MODULES = {
    'forge_on_the_fly': 'ForgeOnTheFly',
    'forgery_dataset': 'ForgeryDataset',
    'io.s3_backend': 'S3Backend',
    'io.tar_backend': 'TarBackend',
    'transforms.loading': 'LoadForgeryImage LoadForgeryMask',
    'transforms.pack_forgery_inputs': 'PackForgeryInputs',
    'transforms.random_degradation': 'RandomBlur RandomGaussianNoise RandomISONoise '
    'RandomJPEG RandomResample RandomSharpen',
    'transforms.random_geometry': 'RandomBlockCrop RandomDihedral RandomDownscale '
    'RandomElastic RandomGridDistortion',
    'transforms.random_tone': 'RandomBrightnessContrast RandomGamma RandomToneCurve',
}
_WHERE = {name: module for module, names in _MODULES.items() for name in names.split()}
__all__ = list(_WHERE)

__getattr__ = lazy_names(__name__, _WHERE)
