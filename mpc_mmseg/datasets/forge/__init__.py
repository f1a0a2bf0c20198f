"""Synthetic forgeries, generated from authentic photographs."""

from .copy_move import copy_move
from .enhance import enhance
from .forge import Forgery, forge, keep_authentic
from .history import History, history
from .irregular_mask import irregular_mask
from .presets import PRESETS
from .recipe import ALL_KINDS, KINDS, ForgeRecipe, HistoryRanges, override
from .region import choose_region, object_mask, snap_to_edges
from .removal import remove
from .splice import splice
from .superpixel_mask import superpixel_mask
from .text import write_text

__all__ = [
    'ALL_KINDS',
    'KINDS',
    'PRESETS',
    'ForgeRecipe',
    'Forgery',
    'History',
    'HistoryRanges',
    'choose_region',
    'copy_move',
    'enhance',
    'forge',
    'history',
    'irregular_mask',
    'keep_authentic',
    'object_mask',
    'override',
    'remove',
    'snap_to_edges',
    'splice',
    'superpixel_mask',
    'write_text',
]
