"""Uncertainty of scores over images: bootstrap and sign-flip tests."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

# Numbers at a time, which bounds the memory.
_BLOCK = 4_000_000
# Up to this number of groups all sign patterns are tried, however few are asked for.
_EXACT_GROUPS = 13


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted means of the defined values, once per row of weights.

    Args:
        values: (N,) floats, NaN where undefined.
        weights: (B, N) non-negative.

    Returns:
        (B,) floats; NaN if no defined value has weight.
    """
    defined = ~np.isnan(values)
    total = weights @ defined.astype(np.float64)
    weighed = weights @ np.where(defined, values, 0.0)
    return np.where(total > 0, weighed, np.nan) / np.where(total > 0, total, 1)


def bootstrap_weights(
    groups: np.ndarray, n_resamples: int, seed: int
) -> Iterator[np.ndarray]:
    """Draws groups with replacement; yields how often each image was drawn.

    Images of one group (for instance of one source photograph) are not independent, so
    they are drawn together (Efron and Tibshirani, An Introduction to the Bootstrap,
    1993, section 8).

    Args:
        groups: (N,) integers from 0; the group of each image.
        n_resamples: Number of draws.
        seed: Seed of NumPy's generator.

    Yields:
        (b, N) floats, in blocks of ``n_resamples`` rows in all.
    """
    rng = np.random.default_rng(seed)
    n_groups = int(groups.max()) + 1
    rows = max(1, _BLOCK // len(groups))
    for start in range(0, n_resamples, rows):
        drawn = rng.multinomial(
            n_groups,
            np.full(n_groups, 1 / n_groups),
            size=min(rows, n_resamples - start),
        )
        yield drawn[:, groups].astype(np.float64)


def bootstrap_intervals(
    score: Callable[[np.ndarray], Mapping[str, np.ndarray]],
    groups: np.ndarray,
    n_resamples: int = 1000,
    seed: int = 0,
) -> dict[str, tuple[float, float] | None]:
    """95 % percentile intervals of several scores.

    Args:
        score: From weights (b, N) to score name -> (b,) floats; NaN where undefined:
            these resamples are left out.
        groups: As of `bootstrap_weights`.
        n_resamples: Likewise; 0 for no intervals.
        seed: Likewise.

    Returns:
        Score name -> (low, high); None for fewer than two groups, or if the score is
        defined in no resample.

    Raises:
        ValueError: If ``n_resamples`` is negative.
    """
    if n_resamples < 0:
        raise ValueError(f'n_resamples must not be negative, got {n_resamples}')
    blocks = [score(w) for w in bootstrap_weights(groups, n_resamples, seed)]
    intervals: dict[str, tuple[float, float] | None] = {}
    for name in blocks[0] if blocks else ():
        values = np.concatenate([block[name] for block in blocks])
        values = values[~np.isnan(values)]
        if groups.max() < 1 or not values.size:
            intervals[name] = None
        else:
            low, high = np.percentile(values, [2.5, 97.5])
            intervals[name] = float(low), float(high)
    return intervals


def mean_with_interval(
    values: np.ndarray,
    sources: Sequence[str | None] | None = None,
    n_resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Mean over images with its interval.

    Args:
        values: (N,) finite numbers, one per image, N >= 1.
        sources: As of `group_numbers`; None: each image alone.
        n_resamples: As of `bootstrap_intervals`.
        seed: Likewise.

    Returns:
        ``value``, ``low`` and ``high`` (95 % percentile bootstrap; None for a single
        image or source), and ``n``.

    Raises:
        ValueError: If there is no value, or one is not finite.
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or not values.size or not np.isfinite(values).all():
        raise ValueError(f'expected (N,) finite values, got {values.shape}')
    intervals = bootstrap_intervals(
        lambda weights: {'mean': weighted_mean(values, weights)},
        group_numbers(sources or [None] * values.size),
        n_resamples,
        seed,
    )
    low, high = intervals.get('mean') or (None, None)
    return {'value': float(values.mean()), 'low': low, 'high': high, 'n': values.size}


def sign_flip_p_value(
    differences: np.ndarray, groups: np.ndarray, n_permutations: int, seed: int
) -> float:
    """p-value of Fisher's paired permutation test of a mean difference, two-sided.

    Under the null hypothesis each group's difference may have the other sign. All sign
    patterns are tried if there are few, else a sample, including the observed one.

    Args:
        differences: (N,) floats.
        groups: (N,) integers from 0.
        n_permutations: Size of the sample.
        seed: Seed of NumPy's generator.
    """
    from scipy.stats import permutation_test  # not at the top: it imports slowly

    sums = np.bincount(groups, weights=differences)
    result = permutation_test(
        [sums],
        np.sum,
        permutation_type='samples',
        vectorized=True,
        n_resamples=max(n_permutations, 2**_EXACT_GROUPS),
        batch=max(1, _BLOCK // len(sums)),
        random_state=seed,
    )
    return float(result.pvalue)


def group_numbers(names: Sequence[str | None]) -> np.ndarray:
    """Group numbers of names; None is a group of its own.

    Args:
        names: (N,) names of the images' sources.

    Returns:
        (N,) integers from 0, in order of appearance.
    """
    numbers: dict[object, int] = {}
    keys = [(i,) if name is None else name for i, name in enumerate(names)]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)
