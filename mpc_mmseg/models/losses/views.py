"""Which two pixel sets of an image are contrasted, and which class is the query.

A set is here one for each image of a batch: what is stated of an image holds of all.
"""

from typing import NamedTuple

from mmseg.registry import MODELS

from .info_nce import Pair
from .samplers import PixelSet


class ImageSources(NamedTuple):
    """The sampled pixels of each image that views combine."""

    finest: PixelSet  # the first pass's finest map
    coarser: PixelSet | None  # the first pass's coarser maps, pooled
    second: PixelSet | None  # the second forward pass's finest map
    memory: PixelSet | None = None  # prototypes of earlier images


def pair_of(query: PixelSet, other: PixelSet, positives: str) -> Pair:
    """The query set's authentic pixels against the other set's forged ones."""
    return Pair(
        query.authentic,
        other.forged,
        other.authentic if positives == 'other' else None,
    )


class View:
    """A named, weighted rule from an image's sources to the pairs to contrast.

    Args:
        weight: Factor of this view's loss, not negative; 0 computes it without training
            on it.
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
    """MPC's within-image contrast: L(Q, K), both of the finest map.

    L is ``info_nce`` of the authentic pixels Q against the forged pixels K.
    """

    name = 'within_image'

    def pairs(self, sources: ImageSources) -> list[Pair]:
        return [pair_of(sources.finest, sources.finest, 'own')]


class TwoSetView(View):
    """A contrast of the finest map and another source, both ways.

    L(Q, K') + L(Q', K), where Q and K are the authentic and forged pixels of the
    finest map, Q' and K' those of the other source.

    Args:
        weight: As of ``View``.
        positives: ``'other'``, the map of the negatives, as the paper draws it; or
            ``'own'``, the query's own map, as in the released code. With ``'own'``
            the loss also falls when the two maps move apart as wholes, whatever is
            forged: training from random weights fails.
    """

    source: str  # field of ImageSources

    def __init__(self, weight: float = 1.0, positives: str = 'other') -> None:
        super().__init__(weight)
        if positives not in ('own', 'other'):
            raise ValueError(f"positives must be 'own' or 'other', got {positives!r}")
        self.positives = positives

    def pairs(self, sources: ImageSources) -> list[Pair]:
        finest, other = sources.finest, getattr(sources, self.source)
        return [
            pair_of(finest, other, self.positives),
            pair_of(other, finest, self.positives),
        ]


@MODELS.register_module()
class CrossScaleView(TwoSetView):
    """MPC's cross-scale contrast: the finest map and the coarser ones pooled."""

    name = 'cross_scale'
    source = 'coarser'
    needs_coarser = True


@MODELS.register_module()
class CrossModalityView(TwoSetView):
    """MPC's cross-modality contrast: the finest maps of two stochastic passes."""

    name = 'cross_modality'
    source = 'second'
    needs_second_pass = True


@MODELS.register_module()
class AuthenticAnchors:
    """Authentic pixels are queries, forged ones negatives (MPC, IEEE TIFS 2025).

    The one to start with. Forged pixels are pushed away but not drawn together:
    two regions forged by different means may stay different.
    """

    def roles(self, sources: ImageSources) -> list[ImageSources]:
        """The sources once for each class that plays the queries."""
        return [sources]


@MODELS.register_module()
class SymmetricAnchors:
    """Each class is queries once and negatives once; the loss is the mean.

    For forgeries of one kind (one generator, one removal tool), whose pixels should
    be alike, and for masks of which half is forged. Costs twice as much.
    """

    def roles(self, sources: ImageSources) -> list[ImageSources]:
        """The sources as they are, and with the classes exchanged."""
        exchanged = [x and PixelSet(x.forged, x.authentic) for x in sources]
        return [sources, ImageSources._make(exchanged)]
