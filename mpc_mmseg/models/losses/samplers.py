"""Which pixels of each class enter the contrast.

Shapes: maps (C, H_i, W_i) of one image, together of L pixels; N authentic and M
forged pixels are drawn.
"""

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
    """At most ``max_pixels`` indices, a share in [0, 1] of them preferred ones.

    Where ``preferred`` (N,) or ``rest`` (M,) has too few, the other fills up, so that
    no sample is lost.
    """
    wanted = min(round(share * max_pixels), preferred.numel())
    wanted = max(wanted, min(max_pixels - rest.numel(), preferred.numel()))
    return torch.cat([draw(preferred, wanted), draw(rest, max_pixels - wanted)])


def indices_of(masks: Sequence[Tensor], label: int) -> Tensor:
    """Indices (N,) of a label in the pixels of all masks (H_i, W_i)."""
    labels = torch.cat([m.flatten() for m in masks])
    return (labels == label).nonzero().squeeze(1)


class PixelSampler(nn.Module):
    """Pools the maps of one source and gives the pixels that ``pick`` chooses."""

    def __init__(self, max_pixels: int = 5000, share: float = 0.0) -> None:
        super().__init__()
        if max_pixels < 1:
            raise ValueError(f'max_pixels must be at least 1, got {max_pixels}')
        if not 0 <= share <= 1:
            raise ValueError(f'share must be in [0, 1], got {share}')
        self.max_pixels, self.share = max_pixels, share

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
        # Pixels as rows: views in either memory layout. A single map is not copied.
        rows = [m.flatten(1).T for m in maps]
        pixels = torch.cat(rows) if len(rows) > 1 else rows[0]
        # Only what was picked is normalised.
        authentic, forged = (
            F.normalize(pixels.index_select(0, index), dim=1)
            for index in self.pick(pixels.detach(), masks)
        )
        return PixelSet(authentic, forged)


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

    def __init__(self, max_pixels: int = 5000) -> None:
        super().__init__(max_pixels)

    def pick(self, pixels: Tensor, masks: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        authentic, forged = (
            draw(indices_of(masks, label), self.max_pixels) for label in (0, 1)
        )
        return authentic, forged


@MODELS.register_module()
class BoundaryPixelSampler(PixelSampler):
    """A share of each class from a band along the mask's edge, the rest uniform.

    For maps that find the forged region but blur its outline: the pixels that are
    hard to separate lie at the edge and are few among all. With inexact masks
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
        super().__init__(max_pixels, share)
        if radius < 1:
            raise ValueError(f'radius must be at least 1, got {radius}')
        self.radius = radius

    def pick(self, pixels: Tensor, masks: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        band = torch.cat([near_edge(m, self.radius).flatten() for m in masks])
        authentic, forged = (
            draw_shares(
                index[band[index]], index[~band[index]], self.max_pixels, self.share
            )
            for index in (indices_of(masks, 0), indices_of(masks, 1))
        )
        return authentic, forged


def near_edge(mask: Tensor, radius: int) -> Tensor:
    """Where the other class is at most ``radius`` pixels away (chessboard distance).

    Of a mask (H, W), 1 forged, 0 authentic, others of neither class: (H, W) booleans.
    """
    classes = torch.stack([mask == 1, mask == 0]).float()  # (2, H, W)
    reach = F.max_pool2d(classes, 2 * radius + 1, stride=1, padding=radius)
    return ((classes > 0) & (reach.flip(0) > 0)).any(0)


@MODELS.register_module()
class HardPixelSampler(PixelSampler):
    """A share of the negatives are those most similar to authentic pixels.

    For late training, when most forged pixels are far away and add nothing to the
    loss. From random weights, or with inexact masks, the hardest pixels are noise:
    keep the share low.

    Args:
        max_pixels: Most pixels of a class that one source gives.
        share: Share of the forged ones that are the hardest, in [0, 1].
        num_anchors: Authentic pixels, drawn at random, that hardness is judged by.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(
        self, max_pixels: int = 5000, share: float = 0.5, num_anchors: int = 256
    ) -> None:
        super().__init__(max_pixels, share)
        if num_anchors < 1:
            raise ValueError(f'num_anchors must be at least 1, got {num_anchors}')
        self.num_anchors = num_anchors

    def pick(self, pixels: Tensor, masks: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        authentic, forged = indices_of(masks, 0), indices_of(masks, 1)
        if forged.numel() > self.max_pixels and authentic.numel():
            anchors = pixels[draw(authentic, self.num_anchors)]
            order = hardness(pixels[forged], anchors).argsort(descending=True)
            hardest, rest = order.tensor_split([round(self.share * self.max_pixels)])
            forged = draw_shares(
                forged[hardest], forged[rest], self.max_pixels, self.share
            )
        return draw(authentic, self.max_pixels), draw(forged, self.max_pixels)


def hardness(negatives: Tensor, anchors: Tensor) -> Tensor:
    """Highest cosine similarity (M,) of each negative (M, C) to any anchor (A, C)."""
    return (F.normalize(negatives, dim=1) @ F.normalize(anchors, dim=1).T).amax(1)
