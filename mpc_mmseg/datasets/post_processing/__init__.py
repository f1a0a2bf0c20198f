"""Post-processing of a photograph after it was forged, with units in every name."""

from .families import FAMILIES, Family
from .setting import CLEAN, IMITATIONS, Setting, Step, parse_grid, parse_setting

__all__ = [
    'CLEAN',
    'FAMILIES',
    'IMITATIONS',
    'Family',
    'Setting',
    'Step',
    'parse_grid',
    'parse_setting',
]
