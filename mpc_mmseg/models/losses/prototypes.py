"""A memory of both classes' prototypes, and the view that compares pixels with it."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.dist import all_gather
from mmseg.registry import MODELS
from torch import Tensor, nn

from .info_nce import Pair
from .samplers import PixelSet
from .views import ImageSources, View, meet


@MODELS.register_module()
class PrototypeMemory(nn.Module):
    """A queue of each class's prototypes: one per image, the mean of its pixels.

    The region memory of ContrastiveSeg (Wang et al., ICCV 2021). Its buffers are saved
    in checkpoints. Processes share it; their batches must be of one size.

    Args:
        channels: Channels C of the embeddings that the contrast sees.
        size: Prototypes K of each class to keep; the oldest go first.

    Raises:
        ValueError: If a number is not positive.
    """

    prototypes: Tensor
    filled: Tensor

    def __init__(self, channels: int, size: int = 512) -> None:
        super().__init__()
        if channels < 1 or size < 1:
            raise ValueError(
                f'channels and size must be positive, got {channels} and {size}'
            )
        self.register_buffer('prototypes', torch.zeros(2, size, channels))
        self.register_buffer('filled', torch.zeros(2, size, dtype=torch.bool))

    def forward(self) -> PixelSet:
        """Unit vectors of each class, at most (K, C); none at first."""
        authentic, forged = (p[f] for p, f in zip(self.prototypes, self.filled))
        return PixelSet(authentic, forged)

    @torch.no_grad()
    def update(self, images: Sequence[PixelSet]) -> None:
        """Put in the prototypes of a batch, of all processes.

        Args:
            images: Each image's pixels by class; a class without pixels is left out.
        """
        flat = [pixels.float() for image in images for pixels in image]
        means = [F.normalize(pixels.sum(0), dim=0) for pixels in flat]
        counts = torch.tensor([len(pixels) > 0 for pixels in flat]).view(-1, 2)
        news = torch.cat(all_gather(torch.stack(means).unflatten(0, (-1, 2))))
        there = torch.cat(all_gather(counts.to(news.device)))
        size = self.filled.size(1)
        for k in range(2):
            new = news[there[:, k], k]
            self.prototypes[k] = torch.cat([new, self.prototypes[k]])[:size]
            self.filled[k] = torch.cat(
                [self.filled.new_ones(len(new)), self.filled[k]]
            )[:size]


@MODELS.register_module()
class PrototypeView(View):
    """Authentic pixels of the finest map against the memory's forged prototypes.

    The memory's authentic prototypes are the positives. What separates the classes
    within every image alike is then learned, not in each image for itself.
    """

    name = 'prototype'
    needs_memory = True

    def pairs(self, sources: ImageSources) -> list[Pair]:
        assert sources.memory is not None
        dtype = sources.finest.authentic.dtype
        memory = PixelSet(*(pixels.to(dtype) for pixels in sources.memory))
        return [meet(sources.finest, memory, 'other')]
