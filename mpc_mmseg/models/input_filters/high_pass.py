"""Residuals of the photograph: noise, edges and compression without the scene."""

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from .block_histogram import LUMA

#: Prediction errors of the spatial rich model, each with its usual divisor.
KERNELS = (
    ([[-1, 2, -1], [2, -4, 2], [-1, 2, -1]], 4),
    ([[0, 0, 0], [1, -2, 1], [0, 0, 0]], 2),
    ([[0, 1, 0], [0, -2, 0], [0, 1, 0]], 2),
)


@MODELS.register_module()
class HighPass(nn.Module):
    """Three high-pass residuals of the brightness, cut off at a few grey levels.

    The kernels are of the spatial rich model (Fridrich, Kodovsky, TIFS 2012), used as
    input of localizers since Zhou et al. (CVPR 2018).

    Args:
        limit: Grey levels at which a residual is clipped; it is divided by them.
    """

    out_channels = len(KERNELS)
    weight: Tensor

    def __init__(self, limit: float = 3.0) -> None:
        super().__init__()
        if not limit > 0:
            raise ValueError(f'limit must be positive, got {limit}')
        kernels = torch.tensor([kernel for kernel, _ in KERNELS], dtype=torch.float32)
        divisors = torch.tensor([float(divisor) for _, divisor in KERNELS])
        scaled = kernels * (255 / limit / divisors)[:, None, None]
        weight = scaled[:, None] * torch.tensor(LUMA)[:, None, None]
        self.register_buffer('weight', weight, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Residuals (B, 3, H, W) in -1..1 of x (B, 3, H, W) in 0..1."""
        padded = F.pad(x, (1, 1, 1, 1), mode='replicate')
        return F.conv2d(padded, self.weight).clamp(-1, 1)
