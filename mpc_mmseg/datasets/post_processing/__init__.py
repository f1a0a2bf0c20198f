"""What may happen to a photograph after it was forged: units in every name."""

from .families import FAMILIES, Family
from .imitations import IMITATIONS
from .setting import CLEAN, Setting, Step, parse_grid, parse_setting

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
