"""Synthetic forgeries, generated from authentic photographs."""

from .forge import Forgery, forge, keep_authentic
from .presets import PRESETS
from .recipe import ALL_KINDS, KINDS, ForgeRecipe, HistoryRanges, override

__all__ = ['ALL_KINDS', 'KINDS', 'PRESETS', 'ForgeRecipe', 'Forgery', 'HistoryRanges']
__all__ += ['forge', 'keep_authentic', 'override']
