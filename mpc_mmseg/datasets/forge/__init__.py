"""Forgeries made from authentic photographs: splices, copy-moves and removals."""

from .copy_move import copy_move
from .forge import Forgery, forge, keep_authentic
from .history import History, history
from .irregular_mask import irregular_mask
from .object_mask import object_mask, snap_to_edges
from .presets import PRESETS
from .recipe import KINDS, ForgeRecipe, HistoryRanges, override
from .removal import remove
from .splice import splice

__all__ = [
    'KINDS',
    'PRESETS',
    'ForgeRecipe',
    'Forgery',
    'History',
    'HistoryRanges',
    'copy_move',
    'forge',
    'history',
    'irregular_mask',
    'keep_authentic',
    'object_mask',
    'override',
    'remove',
    'snap_to_edges',
    'splice',
]
