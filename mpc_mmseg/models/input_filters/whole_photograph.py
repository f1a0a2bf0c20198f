"""Input filters that measure the whole photograph, which a network may see in part."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class PhotographFilter(nn.Module):
    """A filter whose output depends on statistics of the whole photograph.

    Attributes:
        sizes: (B, 2), height and width of the photograph in each image of a batch; the
            rest is padding. None if nothing is padded.
        statistics: (1, S) of the photograph whose tiles are the batch; None for those
            of each image.
    """

    sizes: Tensor | None = None
    statistics: Tensor | None = None

    def measure(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Statistics (B, S) of images (B, 3, H, W), and the weights (B, 1) of means."""
        raise NotImplementedError


def photograph_filters(model: nn.Module) -> list[PhotographFilter]:
    """The filters of a model that measure the whole photograph."""
    return [m for m in model.modules() if isinstance(m, PhotographFilter)]


@contextmanager
def padding_known(
    model: nn.Module, sizes: Sequence[tuple[int, int]], padded: tuple[int, ...]
) -> Iterator[None]:
    """Tells a model's filters the photographs' sizes in a batch padded to a size."""
    filters = photograph_filters(model)
    if all(tuple(size) == tuple(padded) for size in sizes):
        filters = []
    for each in filters:
        each.sizes = torch.tensor([list(size) for size in sizes])
    try:
        yield
    finally:
        for each in filters:
            each.sizes = None


@contextmanager
def statistics_known(
    model: nn.Module, statistics: Sequence[Tensor] | None
) -> Iterator[None]:
    """Gives a model's filters the statistics of the photograph whose tiles follow."""
    filters = photograph_filters(model) if statistics else []
    for each, known in zip(filters, statistics or ()):
        each.statistics = known
    try:
        yield
    finally:
        for each in filters:
            each.statistics = None
