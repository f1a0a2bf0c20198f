"""Scoring conventions of the field, by name."""

from .convention import CONVENTIONS, Convention, build_conventions
from .native import NativeConvention
from .published import TruForConvention

__all__ = [
    'CONVENTIONS',
    'Convention',
    'NativeConvention',
    'TruForConvention',
    'build_conventions',
]
