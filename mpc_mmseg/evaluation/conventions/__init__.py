"""Ways in which the field turns maps into numbers, one per file, by name."""

from .convention import CONVENTIONS, Convention, build_conventions
from .focal import FocalConvention
from .imdl_benco import IMDLBenCoConvention
from .mpc import MPCConvention
from .mvss import MVSSConvention
from .native import NativeConvention
from .trufor import TruForConvention

__all__ = [
    'CONVENTIONS',
    'Convention',
    'FocalConvention',
    'IMDLBenCoConvention',
    'MPCConvention',
    'MVSSConvention',
    'NativeConvention',
    'TruForConvention',
    'build_conventions',
]
