from mpc_mmseg.openmmlab_notices import import_openmmlab

import_openmmlab('mmseg.models')

from . import backbones, decode_heads, input_filters, losses, necks, segmentors  # noqa: E402

__all__ = [
    'backbones',
    'decode_heads',
    'input_filters',
    'losses',
    'necks',
    'segmentors',
]
