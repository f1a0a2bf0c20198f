"""Synthetic forgeries, generated from authentic photographs.

Throughout, images are (H, W, 3) uint8 BGR; masks and regions are (H, W) uint8, 1 inside
and 0 outside; an ``area_range`` is the smallest and the largest share of the frame that
a region covers; ``rng`` is the randomness, ``recipe`` the ranges to draw from.
"""

from .forge import Forgery, forge, keep_authentic
from .presets import PRESETS
from .recipe import ALL_KINDS, KINDS, ForgeRecipe, HistoryRanges, override

__all__ = ['ALL_KINDS', 'KINDS', 'PRESETS', 'ForgeRecipe', 'Forgery', 'HistoryRanges']
__all__ += ['forge', 'keep_authentic', 'override']
