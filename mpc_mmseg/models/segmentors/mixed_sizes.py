"""Batches of images of several sizes, which mmseg's preprocessor refuses in a test."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any


def size_by_size(step: Callable[[dict], list], data: dict[str, Any]) -> list:
    """Predictions of a batch, in its order, from batches of images of one size each.

    Args:
        step: Predicts a batch of one size.
        data: ``inputs``, a list of images (3, H, W), and ``data_samples``.
    """
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for index, image in enumerate(data['inputs']):
        groups[tuple(image.shape)].append(index)
    if len(groups) == 1:
        return step(data)
    found: dict[int, Any] = {}
    for indices in groups.values():
        batch = {key: [values[i] for i in indices] for key, values in data.items()}
        found.update(zip(indices, step(batch)))
    return [found[index] for index in range(len(found))]
