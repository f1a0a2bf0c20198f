from . import (
    binary_losses,
    contrast_loss,
    info_nce,
    prototypes,
    samplers,
    supervised_contrast,
    views,
)

__all__ = [
    'binary_losses',
    'contrast_loss',
    'info_nce',
    'prototypes',
    'samplers',
    'supervised_contrast',
    'views',
]
