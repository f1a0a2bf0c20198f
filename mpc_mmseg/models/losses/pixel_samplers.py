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


def draw_shares(
    preferred: Tensor, rest: Tensor, max_pixels: int, share: float
) -> Tensor:
    """At most ``max_pixels`` indices, ``share`` of them from the preferred ones.

    Where one part has too few, the other fills up, so that no sample is lost.

    Args:
        preferred: Indices (N,) in order of preference, or in any order to be drawn.
        rest: Indices (M,) of the others.
        max_pixels: Most indices to return.
        share: Wanted share of preferred ones, in [0, 1].
    """
    wanted = min(round(share * max_pixels), preferred.numel())
    wanted = max(wanted, min(max_pixels - rest.numel(), preferred.numel()))
    return torch.cat([draw(preferred, wanted), draw(rest, max_pixels - wanted)])


class PixelSampler(nn.Module):
    """Pools the maps of one source and gives the pixels that ``pick`` chooses.

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

    def pick(self, pixels: Tensor, masks: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Indices of the authentic (N,) and forged (M,) pixels to use.

        Args:
            pixels: Embeddings (L, C) of all maps, detached, not normalised.
            masks: Integer masks (H_i, W_i), together of L elements.
        """
        raise NotImplementedError

    def forward(self, maps: Sequence[Tensor], masks: Sequence[Tensor]) -> PixelSet:
        """Pixels of one source.

        Args:
            maps: Embedding maps (C, H_i, W_i) of one image, not normalised.
            masks: Integer masks (H_i, W_i): 1 forged, 0 authentic, others ignored.
        """
        # Pixels as rows: a view of a channels-last map, and quick to pick from.
        pixels = torch.cat([m.permute(1, 2, 0).flatten(0, 1) for m in maps])
        # Only what was picked is normalised.
        authentic, forged = (
            F.normalize(pixels.index_select(0, index), dim=1)
            for index in self.pick(pixels.detach(), masks)
        )
        return PixelSet(authentic, forged)


def indices_of(masks: Sequence[Tensor], label: int) -> Tensor:
    """Indices (N,) of a label in the masks' pixels, pooled."""
    labels = torch.cat([m.flatten() for m in masks])
    return (labels == label).nonzero().squeeze(1)


@MODELS.register_module()
class RandomPixelSampler(PixelSampler):
    """Pixels of each class drawn uniformly (MPC, IEEE TIFS 2025: 5,000 a class).

    The one to start with: unbiased, and exact once ``max_pixels`` reaches the
    number of pixels.

    Args:
        max_pixels: Most pixels of a class that one source gives.

    Raises:
        ValueError: If ``max_pixels`` is below 1.
    """

    def pick(self, pixels: Tensor, masks: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        authentic, forged = (
            draw(indices_of(masks, label), self.max_pixels) for label in (0, 1)
        )
        return authentic, forged
