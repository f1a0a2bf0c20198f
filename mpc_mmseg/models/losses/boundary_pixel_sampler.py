"""Samples with more than their share along the edge of the forged region."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor

from .pixel_samplers import PixelSampler, draw_shares


def near_edge(mask: Tensor, radius: int) -> Tensor:
    """Where the other class is at most ``radius`` pixels away (chessboard distance).

    Args:
        mask: (H, W), 1 forged, 0 authentic, others belong to neither class.
        radius: In pixels of the mask.

    Returns:
        Boolean (H, W).
    """
    classes = torch.stack([mask == 1, mask == 0]).float()  # (2, H, W)
    reach = F.max_pool2d(classes, 2 * radius + 1, stride=1, padding=radius)
    return ((classes > 0) & (reach.flip(0) > 0)).any(0)


@MODELS.register_module()
class BoundaryPixelSampler(PixelSampler):
    """A share of each class from a band along the mask's edge, the rest uniform.

    For maps that find the forged region but blur its outline: the pixels that are
    hard to tell apart lie at the edge and are few among all. With inexact masks
    keep the share low, for the band is where they err.

    Args:
        max_pixels: Most pixels of a class that one source gives.
        share: Share of them from the band, in [0, 1].
        radius: Width of the band on either side, in pixels of each map.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(
        self, max_pixels: int = 5000, share: float = 0.5, radius: int = 2
    ) -> None:
        super().__init__(max_pixels)
        if not 0 <= share <= 1:
            raise ValueError(f'share must be in [0, 1], got {share}')
        if radius < 1:
            raise ValueError(f'radius must be at least 1, got {radius}')
        self.share, self.radius = share, radius

    def pick(self, pixels: Tensor, masks: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        labels = torch.cat([m.flatten() for m in masks])
        band = torch.cat([near_edge(m, self.radius).flatten() for m in masks])
        authentic, forged = (
            draw_shares(
                ((labels == label) & band).nonzero().squeeze(1),
                ((labels == label) & ~band).nonzero().squeeze(1),
                self.max_pixels,
                self.share,
            )
            for label in (0, 1)
        )
        return authentic, forged
