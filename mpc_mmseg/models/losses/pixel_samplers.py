"""Which pixels of each class enter the contrast."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn


class PixelSet(NamedTuple):
    """L2-normalised embeddings of one image's pixels by class; either may be empty."""

    authentic: Tensor  # (N, C)
    forged: Tensor  # (M, C)


def draw(indices: Tensor, max_pixels: int) -> Tensor:
    """At most ``max_pixels`` of the indices (N,), at random without replacement."""
    if indices.numel() <= max_pixels:
        return indices
    chosen = torch.randperm(indices.numel(), device=indices.device)[:max_pixels]
    return indices[chosen]


@MODELS.register_module()
class RandomPixelSampler(nn.Module):
    """Pixels of each class drawn uniformly (MPC, IEEE TIFS 2025: 5,000 a class).

    The one to start with: unbiased, and exact once ``max_pixels`` reaches the
    number of pixels.

    Args:
        max_pixels: Most pixels of a class that one source gives.

    Raises:
        ValueError: If ``max_pixels`` is below 1.
    """

    def __init__(self, max_pixels: int = 5000) -> None:
        super().__init__()
        if max_pixels < 1:
            raise ValueError(f'max_pixels must be at least 1, got {max_pixels}')
        self.max_pixels = max_pixels

    def forward(self, maps: Sequence[Tensor], masks: Sequence[Tensor]) -> PixelSet:
        """Draw from the pooled pixels of one source.

        Args:
            maps: Embedding maps (C, H_i, W_i) of one image, not normalised.
            masks: Integer masks (H_i, W_i): 1 forged, 0 authentic, others ignored.
        """
        # Pixels as rows: a view of a channels-last map, and quick to pick from.
        pixels = torch.cat([m.permute(1, 2, 0).flatten(0, 1) for m in maps])
        labels = torch.cat([m.flatten() for m in masks])
        # Only what was drawn is normalised.
        authentic, forged = (
            F.normalize(pixels.index_select(0, draw(index, self.max_pixels)), dim=1)
            for index in (
                (labels == 0).nonzero().squeeze(1),
                (labels == 1).nonzero().squeeze(1),
            )
        )
        return PixelSet(authentic, forged)
