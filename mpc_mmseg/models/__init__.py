from mpc_mmseg.openmmlab_notices import import_openmmlab

import_openmmlab('mmseg.models')

from . import (  # noqa: E402
    backbones,
    decode_heads,
    input_filters,
    losses,
    necks,
    segmentors,
)

__all__ = [
    'backbones',
    'decode_heads',
    'input_filters',
    'losses',
    'necks',
    'segmentors',
]
