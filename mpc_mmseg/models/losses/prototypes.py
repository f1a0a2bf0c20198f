"""A memory of both classes' prototypes, and the view that compares pixels with it."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.dist import all_gather
from mmseg.registry import MODELS
from torch import Tensor, nn

from .info_nce import PackedSets, Pair
from .samplers import PixelSet
from .views import ImageSources, View, pair_of


@MODELS.register_module()
class PrototypeMemory(nn.Module):
    """A queue of each class's prototypes: one per image, the mean of its pixels.

    The region memory of ContrastiveSeg (Wang et al., ICCV 2021). Its buffers are saved
    in checkpoints. Processes share it; their batches must be of one size.

    Args:
        channels: Channels C of the embeddings that the contrast sees.
        size: Prototypes K of each class to keep; the oldest go first.
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

    def counts(self, batch: int) -> Tensor:
        """How many prototypes of each class there are, for each image (2, B)."""
        return self.filled.sum(1, keepdim=True).expand(2, batch)

    def forward(self, sizes: Sequence[Sequence[int]]) -> PixelSet:
        """At most K unit vectors a class, for every image; ``counts`` on the host."""
        sets = zip(self.prototypes.clone(), self.counts(len(sizes[0])), sizes)
        return PixelSet(
            *(
                PackedSets(p[: max(1, *n)].expand(len(n), -1, -1), counts, n)
                for p, counts, n in sets
            )
        )

    @torch.no_grad()
    def update(self, pixels: PixelSet) -> None:
        """Put in those of a batch, of all processes, for classes that have pixels."""
        means = torch.stack([F.normalize(x.rows.float().sum(1), dim=1) for x in pixels])
        there = torch.stack([x.counts > 0 for x in pixels])
        prototypes = torch.cat([*all_gather(means), self.prototypes], 1)
        filled = torch.cat([*all_gather(there), self.filled], 1)
        # What is there comes first, in its order.
        order = filled.int().argsort(stable=True, dim=1, descending=True)
        order = order[:, : self.filled.size(1)]
        self.filled.copy_(filled.gather(1, order))
        order = order[..., None].expand_as(self.prototypes)
        self.prototypes.copy_(prototypes.gather(1, order))


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
        return [pair_of(sources.finest, sources.memory, 'other')]
