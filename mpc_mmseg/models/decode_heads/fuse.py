"""Maps of several scales as one."""

from collections.abc import Sequence

import torch
from torch import Tensor

from .upsample import upsample


def fuse(maps: Sequence[Tensor]) -> Tensor:
    """Upsample to the finest map and concatenate (MPC, IEEE TIFS 2025).

    Args:
        maps: (B, C_i, H_i, W_i), finest first.

    Returns:
        (B, sum of C_i, H_0, W_0), bilinear with align_corners=True.
    """
    finest, *coarser = maps
    size = finest.shape[-2:]
    return torch.cat([finest, *(upsample(m, size) for m in coarser)], dim=1)
