"""A mean over images with its bootstrap interval."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mpc_mmseg.evaluation.functional.resampling import (
    bootstrap_intervals,
    group_numbers,
    weighted_mean,
)


def mean_with_interval(
    values: np.ndarray, sources: Sequence[str | None] | None = None
) -> dict[str, Any]:
    """Averages images, and says how sure the average is.

    Args:
        values: (N,) finite numbers, one per image, N >= 1.
        sources: Images of one source are drawn together; None: each by itself.

    Returns:
        ``value``, ``low`` and ``high`` (95 % percentile bootstrap of a fixed seed;
        None where there is but one image or source), and ``n``.

    Raises:
        ValueError: If there is no value, or one is not finite.
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or not values.size or not np.isfinite(values).all():
        raise ValueError(f'expected (N,) finite values, got {values.shape}')
    interval = bootstrap_intervals(
        lambda weights: {'mean': weighted_mean(values, weights)},
        group_numbers(sources or [None] * values.size),
    )['mean']
    low, high = interval or (None, None)
    return {'value': float(values.mean()), 'low': low, 'high': high, 'n': values.size}
