from mpc_mmseg.openmmlab_notices import import_openmmlab

import_openmmlab('mmseg.models')

from . import (  # noqa: E402, F401 - each registers its classes
    backbones,
    decode_heads,
    input_filters,
    losses,
    necks,
    segmentors,
)
