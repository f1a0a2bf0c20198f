"""Maps of several scales as one."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def fuse(maps: Sequence[Tensor]) -> Tensor:
    """Upsample maps (B, C_i, H_i, W_i), finest first, and concatenate (MPC, TIFS 2025).

    Bilinear with align_corners=True, to (B, sum of C_i, H_0, W_0).
    """
    finest, *coarser = maps
    size = finest.shape[-2:]
    upsampled = (
        F.interpolate(m, size, mode='bilinear', align_corners=True) for m in coarser
    )
    return torch.cat([finest, *upsampled], dim=1)
