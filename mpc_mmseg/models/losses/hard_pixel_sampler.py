"""Samples with the forged pixels that look most authentic."""

from collections.abc import Sequence

import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor

from .pixel_samplers import PixelSampler, draw, draw_shares, indices_of


def hardness(negatives: Tensor, anchors: Tensor) -> Tensor:
    """Highest cosine similarity of each negative to any of the anchors.

    Args:
        negatives: Embeddings (M, C), not normalised.
        anchors: Embeddings (A, C), not normalised, at least one.

    Returns:
        (M,).
    """
    return (F.normalize(negatives, dim=1) @ F.normalize(anchors, dim=1).T).amax(1)


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
        super().__init__(max_pixels)
        if not 0 <= share <= 1:
            raise ValueError(f'share must be in [0, 1], got {share}')
        if num_anchors < 1:
            raise ValueError(f'num_anchors must be at least 1, got {num_anchors}')
        self.share, self.num_anchors = share, num_anchors

    def pick(self, pixels: Tensor, masks: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        authentic, forged = indices_of(masks, 0), indices_of(masks, 1)
        if forged.numel() > self.max_pixels and authentic.numel():
            anchors = pixels[draw(authentic, self.num_anchors)]
            order = hardness(pixels[forged], anchors).argsort(descending=True)
            hardest = order[: round(self.share * self.max_pixels)]
            rest = order[hardest.numel() :]
            forged = draw_shares(
                forged[hardest], forged[rest], self.max_pixels, self.share
            )
        else:
            forged = draw(forged, self.max_pixels)
        return draw(authentic, self.max_pixels), forged
