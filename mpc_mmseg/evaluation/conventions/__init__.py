"""Scoring conventions of the field, by name."""

from .convention import CONVENTIONS, Convention, build_conventions
from .native import NativeConvention
from .published import (
    FocalConvention,
    IMDLBenCoConvention,
    MPCConvention,
    MVSSConvention,
    TruForConvention,
)

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
