"""Scoring conventions of the field, by name."""

from . import native, published
from .convention import CONVENTIONS, Convention, build_conventions

__all__ = ['CONVENTIONS', 'Convention', 'build_conventions', 'native', 'published']
