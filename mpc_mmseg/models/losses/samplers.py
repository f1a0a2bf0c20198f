"""Which pixels of each class enter the contrast.

Shapes: maps (B, C, H_i, W_i) of B images, together of L pixels an image. A choice of
pixels is a mask (2, B, L), authentic and forged ones: all images are sampled at once.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from .info_nce import PackedSets


class PixelSet(NamedTuple):
    """L2-normalised embeddings of each image's pixels by class; any may be empty."""

    authentic: PackedSets
    forged: PackedSets


def by_class(masks: Sequence[Tensor]) -> Tensor:
    """Where the pixels of masks (B, H_i, W_i) are authentic, and forged: (2, B, L)."""
    labels = torch.cat([m.flatten(1) for m in masks], 1)
    return torch.stack([labels == 0, labels == 1])


def first(keys: Tensor, members: Tensor, number: int) -> Tensor:
    """The members (..., L), at most ``number`` of each row, with the lowest keys."""
    if number >= members.size(-1):
        return members
    keys = keys.masked_fill(~members, float('inf'))
    index = keys.topk(number, largest=False, sorted=False).indices
    return torch.zeros_like(members).scatter_(-1, index, True) & members


def draw(members: Tensor, number: int) -> Tensor:
    """At most ``number`` members of each row, at random without replacement."""
    return first(torch.rand(members.shape, device=members.device), members, number)


def draw_shares(
    preferred: Tensor, rest: Tensor, max_pixels: int, share: float
) -> Tensor:
    """At most ``max_pixels`` of each row, a share in [0, 1] of them preferred ones.

    Where ``preferred`` (..., L) or ``rest`` has too few, the other fills up, so that
    no sample is lost.
    """
    wanted = round(share * max_pixels)
    shares = draw(preferred, wanted) | draw(rest, max_pixels - wanted)
    keys = torch.rand(shares.shape, device=shares.device) - shares.float()
    return first(keys, preferred | rest, max_pixels)


@MODELS.register_module()
class RandomPixelSampler(nn.Module):
    """Pixels of each class drawn uniformly (MPC, IEEE TIFS 2025: 5,000 a class).

    The one to start with: unbiased, and exact once ``max_pixels`` reaches the number of
    pixels. Others override ``pick``.

    Args:
        max_pixels: Most pixels of a class that one source gives, at least 1.
    """

    def __init__(self, max_pixels: int = 5000) -> None:
        super().__init__()
        if max_pixels < 1:
            raise ValueError(f'max_pixels must be at least 1, got {max_pixels}')
        self.max_pixels = max_pixels

    def pick(self, pixels: Tensor, masks: Sequence[Tensor], classes: Tensor) -> Tensor:
        """Which pixels to use (2, B, L), at most ``max_pixels`` of a class and image.

        Args:
            pixels: Embeddings (B, L, C) of all maps, detached, not normalised.
            masks: As of ``forward``, together of L elements an image.
            classes: The authentic and the forged pixels (2, B, L).
        """
        return draw(classes, self.max_pixels)

    def forward(
        self,
        maps: Sequence[Tensor],
        masks: Sequence[Tensor],
        sizes: Sequence[Sequence[int]] | None = None,
    ) -> PixelSet:
        """Pixels of one source.

        Args:
            maps: Embedding maps (B, C, H_i, W_i), not normalised.
            masks: Integer masks (B, H_i, W_i): 1 forged, 0 authentic, others ignored.
            sizes: How many pixels each class and image has (2, B); None: they are
                counted here, for which the host waits.
        """
        chosen = by_class(masks)
        sizes = sizes or chosen.sum(2).tolist()
        # Pixels as rows: views in either memory layout. A single map is not copied.
        rows = [m.flatten(2).mT for m in maps]
        pixels = torch.cat(rows, 1) if len(rows) > 1 else rows[0]
        if max(map(max, sizes)) > self.max_pixels:
            chosen = self.pick(pixels.detach(), masks, chosen)
            sizes = [[min(n, self.max_pixels) for n in of_class] for of_class in sizes]
        lengths = [max(1, *of_class) for of_class in sizes]
        # The n-th chosen pixel is where the number of those up to it reaches n.
        numbers = torch.arange(1, max(lengths) + 1, device=chosen.device)
        index = torch.searchsorted(
            chosen.cumsum(2), numbers.repeat(*chosen.shape[:2], 1)
        )
        index = torch.cat([i[:, :n] for i, n in zip(index, lengths)], 1)[..., None]
        padding, last = index == pixels.size(1), pixels.size(1) - 1
        picked = pixels.gather(1, index.clamp(max=last).expand(-1, -1, pixels.size(2)))
        # Only what was picked is normalised.
        picked = F.normalize(picked, dim=2).masked_fill(padding, 0).split(lengths, 1)
        return PixelSet(*map(PackedSets, picked, chosen.sum(2), sizes))


@MODELS.register_module()
class BoundaryPixelSampler(RandomPixelSampler):
    """A share of each class from a band along the mask's edge, the rest uniform.

    For maps that find the forged region but blur its outline: the pixels that are
    hard to separate lie at the edge and are few among all. With inexact masks
    keep the share low, for the band is where they err.

    Args:
        max_pixels: Most pixels of a class that one source gives.
        share: Share of them from the band, in [0, 1].
        radius: Width of the band on either side, at least 1 pixel of each map.
    """

    def __init__(
        self, max_pixels: int = 5000, share: float = 0.5, radius: int = 2
    ) -> None:
        super().__init__(max_pixels)
        if not 0 <= share <= 1 or radius < 1:
            raise ValueError(
                f'share must be in [0, 1] and radius at least 1, got {share} and '
                f'{radius}'
            )
        self.share, self.radius = share, radius

    def pick(self, pixels: Tensor, masks: Sequence[Tensor], classes: Tensor) -> Tensor:
        band = torch.cat([near_edge(m, self.radius).flatten(1) for m in masks], 1)
        return draw_shares(classes & band, classes & ~band, self.max_pixels, self.share)


def near_edge(mask: Tensor, radius: int) -> Tensor:
    """Where the other class is at most ``radius`` pixels away (chessboard distance).

    Of masks (B, H, W), 1 forged, 0 authentic, others of neither class: booleans.
    """
    classes = torch.stack([mask == 1, mask == 0]).float()  # (2, B, H, W)
    reach = F.max_pool2d(classes, 2 * radius + 1, stride=1, padding=radius)
    return ((classes > 0) & (reach.flip(0) > 0)).any(0)


@MODELS.register_module()
class HardPixelSampler(RandomPixelSampler):
    """A share of the negatives are those most similar to authentic pixels.

    For late training, when most forged pixels are far away and add nothing to the loss.
    From random weights, or with inexact masks, the hardest pixels are noise.

    Args:
        max_pixels: Most pixels of a class that one source gives.
        share: Share of the forged ones that are the hardest, in [0, 1].
        num_anchors: Authentic pixels, drawn at random, that hardness is judged by.
    """

    def __init__(
        self, max_pixels: int = 5000, share: float = 0.5, num_anchors: int = 256
    ) -> None:
        super().__init__(max_pixels)
        if not 0 <= share <= 1 or num_anchors < 1:
            raise ValueError(
                f'share must be in [0, 1] and num_anchors at least 1, got {share} and '
                f'{num_anchors}'
            )
        self.share, self.num_anchors = share, num_anchors

    def pick(self, pixels: Tensor, masks: Sequence[Tensor], classes: Tensor) -> Tensor:
        authentic, forged = classes
        keys = torch.rand(authentic.shape, device=authentic.device)
        keys, index = keys.masked_fill(~authentic, float('inf')).topk(
            min(self.num_anchors, authentic.size(1)), largest=False
        )
        # Where there are too few, the first one again; where none, nothing is hard.
        index = index.where(keys.isfinite(), index[:, :1])[..., None]
        anchors = pixels.gather(1, index.expand(-1, -1, pixels.size(2)))
        hardest = first(
            -hardness(pixels, anchors),
            forged & authentic.any(1, keepdim=True),
            round(self.share * self.max_pixels),
        )
        chosen = draw_shares(hardest, forged & ~hardest, self.max_pixels, self.share)
        return torch.stack([draw(authentic, self.max_pixels), chosen])


def hardness(negatives: Tensor, anchors: Tensor) -> Tensor:
    """Highest cosine similarity (B, M) of negatives (B, M, C) to anchors (B, A, C)."""
    return (F.normalize(negatives, dim=2) @ F.normalize(anchors, dim=2).mT).amax(2)
