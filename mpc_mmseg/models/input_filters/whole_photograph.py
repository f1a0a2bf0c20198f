"""Input filters that measure the whole photograph, which a network may see in part."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import repeat
from typing import Any

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


def padding_known(
    model: nn.Module, sizes: Sequence[Sequence[int]], padded: Sequence[int]
) -> AbstractContextManager[None]:
    """Tells a model's filters the photographs' sizes in a batch padded to a size."""
    all_full = all(tuple(size) == tuple(padded) for size in sizes)
    known = None if all_full else torch.tensor([list(size) for size in sizes])
    return _known(model, 'sizes', repeat(known))


def statistics_known(
    model: nn.Module, statistics: Sequence[Tensor] | None
) -> AbstractContextManager[None]:
    """Gives a model's filters the statistics of the photograph whose tiles follow."""
    return _known(model, 'statistics', statistics or repeat(None))


@contextmanager
def _known(model: nn.Module, name: str, values: Any) -> Iterator[None]:
    filters = photograph_filters(model)
    for each, value in zip(filters, values):
        setattr(each, name, value)
    try:
        yield
    finally:
        for each in filters:
            setattr(each, name, None)
