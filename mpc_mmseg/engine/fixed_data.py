"""Training data that give the same sample at each draw, and what may not."""

from collections.abc import Collection, Iterator
from typing import Any

from mmengine.dataset import ClassBalancedDataset, ConcatDataset, RepeatDataset

from .phase_data import SeededDataset

#: Transforms that draw no random numbers; others may.
FIXED_TRANSFORMS = (
    'CenterCrop',
    'LoadAnnotations',
    'LoadForgeryImage',
    'LoadForgeryMask',
    'LoadImageFromFile',
    'Normalize',
    'PackForgeryInputs',
    'PackSegInputs',
    'Pad',
    'Resize',
)
# Others than these may make samples of their own.
_WRAPPERS = (ClassBalancedDataset, RepeatDataset, SeededDataset)


def leaves(dataset: Any) -> Iterator:
    """The innermost data sets of mixtures and repetitions."""
    if isinstance(dataset, ConcatDataset):
        for child in dataset.datasets:
            yield from leaves(child)
    elif isinstance(dataset, _WRAPPERS):
        yield from leaves(dataset.dataset)
    else:
        yield dataset


def may_draw(dataset: Any, fixed: Collection[str]) -> list[str]:
    """Names of what in a data set may draw random numbers.

    Args:
        dataset: One of ``leaves``.
        fixed: Names of transforms that do not.
    """
    if 'dataset' in vars(dataset):  # a wrapper that makes samples of its own
        return [type(dataset).__name__]
    names = [type(t).__name__ for t in dataset.pipeline.transforms]
    return [name for name in names if name not in fixed]
