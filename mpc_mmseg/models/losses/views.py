"""Which two pixel sets of an image meet in the contrast."""

from typing import NamedTuple

from mmseg.registry import MODELS

from .pair_packing import Pair
from .pixel_samplers import PixelSet


def meet(anchor: PixelSet, other: PixelSet, positives: str) -> Pair:
    """The anchor's authentic pixels against the other set's forged ones."""
    return Pair(
        anchor.authentic,
        other.forged,
        other.authentic if positives == 'other' else None,
    )


class ImageSources(NamedTuple):
    """The sampled pixels of one image that views combine."""

    finest: PixelSet  # the first pass's finest map
    coarser: PixelSet | None  # the first pass's coarser maps, pooled
    second: PixelSet | None  # the second pass's finest map
    memory: PixelSet | None = None  # prototypes of earlier images


class View:
    """A named, weighted rule from an image's sources to the pairs that meet.

    Args:
        weight: Factor of this view's loss; 0 computes it without training on it.

    Raises:
        ValueError: If ``weight`` is negative.
    """

    name: str
    needs_coarser = False
    needs_second_pass = False
    needs_memory = False

    def __init__(self, weight: float = 1.0) -> None:
        if weight < 0:
            raise ValueError(f'weight must not be negative, got {weight}')
        self.weight = weight

    def pairs(self, sources: ImageSources) -> list[Pair]:
        """Pairs whose losses add up."""
        raise NotImplementedError


@MODELS.register_module()
class WithinImageView(View):
    """Authentic pixels of the finest map against its forged ones."""

    name = 'within_image'

    def pairs(self, sources: ImageSources) -> list[Pair]:
        return [meet(sources.finest, sources.finest, 'own')]


class TwoSetView(View):
    """A view whose anchors and negatives come from different maps.

    Args:
        weight: As of ``View``.
        positives: ``'own'``, the anchor's own map, as the released program has it;
            or ``'other'``, the map of the negatives, as the paper draws it. With
            ``'own'`` the loss also falls when the two maps move apart as wholes,
            whatever is forged; ``'other'`` has no such way out, which tells in
            training from random weights.

    Raises:
        ValueError: If ``positives`` is neither or ``weight`` is negative.
    """

    def __init__(self, weight: float = 1.0, positives: str = 'own') -> None:
        super().__init__(weight)
        if positives not in ('own', 'other'):
            raise ValueError(f"positives must be 'own' or 'other', got {positives!r}")
        self.positives = positives


@MODELS.register_module()
class CrossScaleView(TwoSetView):
    """The finest map against the coarser ones pooled, both ways."""

    name = 'cross_scale'
    needs_coarser = True

    def pairs(self, sources: ImageSources) -> list[Pair]:
        finest, coarser = sources.finest, sources.coarser
        assert coarser is not None
        return [
            meet(finest, coarser, self.positives),
            meet(coarser, finest, self.positives),
        ]


@MODELS.register_module()
class CrossModalityView(TwoSetView):
    """The finest maps of two stochastic passes against each other, both ways."""

    name = 'cross_modality'
    needs_second_pass = True

    def pairs(self, sources: ImageSources) -> list[Pair]:
        first, second = sources.finest, sources.second
        assert second is not None
        return [
            meet(first, second, self.positives),
            meet(second, first, self.positives),
        ]
