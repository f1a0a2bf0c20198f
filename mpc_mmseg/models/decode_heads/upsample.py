"""Bilinear resizing whose gradient is two matrix products on a CPU."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from mpc_mmseg.models.pointwise import is_fast


def upsample(x: Tensor, size: Sequence[int]) -> Tensor:
    """Bilinear with align_corners=True.

    Args:
        x: (B, C, h, w).
        size: (H, W).

    Returns:
        (B, C, H, W).
    """
    if torch.is_grad_enabled() and x.requires_grad and is_fast(x):
        return _Upsample.apply(x, tuple(size))
    return F.interpolate(x, size, mode='bilinear', align_corners=True)


class _Upsample(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, size: tuple[int, int]) -> Tensor:
        ctx.sizes = x.shape[2:], size
        return F.interpolate(x, size, mode='bilinear', align_corners=True)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (h, w), (height, width) = ctx.sizes
        b, c = grad.shape[:2]
        # Columns first: the gradient may be a slice of a wider map's channels, of
        # which a batched product needs no copy.
        rows = grad.permute(0, 2, 3, 1).flatten(0, 1)
        narrow = _weights(w, width, grad).expand(len(rows), -1, -1) @ rows
        small = _weights(h, height, grad) @ narrow.view(b, height, w * c)
        return small.view(b, h, w, c).permute(0, 3, 1, 2), None


def _weights(small: int, large: int, like: Tensor) -> Tensor:
    """(small, large): the share that each new place has of each old one."""
    one = torch.eye(small, dtype=like.dtype, device=like.device)
    return F.interpolate(one[None], large, mode='linear', align_corners=True)[0]
