"""Which two pixel sets of an image meet in the contrast."""

from typing import NamedTuple

from mmseg.registry import MODELS
from torch import Tensor

from .pixel_samplers import PixelSet

Pair = tuple[Tensor, Tensor]  # queries (N, C), negatives (M, C)


class ImageSources(NamedTuple):
    """The sampled pixels of one image that views combine."""

    finest: PixelSet  # the first pass's finest map
    coarser: PixelSet | None  # the first pass's coarser maps, pooled
    second: PixelSet | None  # the second pass's finest map


class View:
    """A named, weighted rule from an image's sources to (queries, negatives) pairs.

    Args:
        weight: Factor of this view's loss; 0 computes it without training on it.

    Raises:
        ValueError: If ``weight`` is negative.
    """

    name: str
    needs_coarser = False
    needs_second_pass = False

    def __init__(self, weight: float = 1.0) -> None:
        if weight < 0:
            raise ValueError(f'weight must not be negative, got {weight}')
        self.weight = weight

    def pairs(self, sources: ImageSources) -> list[Pair]:
        """Pairs of (queries, negatives) whose losses add up."""
        raise NotImplementedError


@MODELS.register_module()
class WithinImageView(View):
    """Authentic pixels of the finest map against its forged ones."""

    name = 'within_image'

    def pairs(self, sources: ImageSources) -> list[Pair]:
        return [(sources.finest.authentic, sources.finest.forged)]


@MODELS.register_module()
class CrossScaleView(View):
    """The finest map against the coarser ones pooled, both ways."""

    name = 'cross_scale'
    needs_coarser = True

    def pairs(self, sources: ImageSources) -> list[Pair]:
        finest, coarser = sources.finest, sources.coarser
        assert coarser is not None
        return [
            (finest.authentic, coarser.forged),
            (coarser.authentic, finest.forged),
        ]


@MODELS.register_module()
class CrossModalityView(View):
    """The finest maps of two stochastic passes against each other, both ways."""

    name = 'cross_modality'
    needs_second_pass = True

    def pairs(self, sources: ImageSources) -> list[Pair]:
        first, second = sources.finest, sources.second
        assert second is not None
        return [
            (first.authentic, second.forged),
            (second.authentic, first.forged),
        ]
