"""How far a score would move with other images: bootstrap and sign-flip tests."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

# Numbers at a time, by which memory stays small for large data sets.
_BLOCK = 4_000_000
# Up to so many groups all sign patterns are tried, not a sample of them.
_EXACT_GROUPS = 13


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Means values where they are defined, once per row of weights.

    Args:
        values: (N,) floats, NaN where undefined.
        weights: (B, N) non-negative.

    Returns:
        (B,) floats; NaN where no defined value has weight.
    """
    defined = ~np.isnan(values)
    total = weights @ defined.astype(np.float64)
    weighed = weights @ np.where(defined, values, 0.0)
    return np.where(total > 0, weighed, np.nan) / np.where(total > 0, total, 1)


def bootstrap_weights(
    groups: np.ndarray, n_resamples: int, seed: int
) -> Iterator[np.ndarray]:
    """Draws groups with replacement; gives how often each image was drawn.

    Images of one group (say, made from one source photograph) are not independent,
    so they are drawn together (Efron and Tibshirani, An Introduction to the
    Bootstrap, 1993, section 8).

    Args:
        groups: (N,) integers from 0; the group of each image.
        n_resamples: How many times.
        seed: Of NumPy's generator.

    Yields:
        (b, N) floats, in blocks; the blocks' rows add up to ``n_resamples``.
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
    """Gives the 95 % percentile interval of each of several scores.

    Args:
        score: From weights (b, N) to score name -> (b,) floats; NaN where undefined,
            which resamples are left out.
        groups: (N,) integers from 0, as of `bootstrap_weights`.
        n_resamples: How many; 0 for no interval of any score.
        seed: Of NumPy's generator.

    Returns:
        Score name -> (low, high); None where there are fewer than two groups, which
        say nothing about the spread, or the score is defined in no resample.

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
    """Averages images, and says how sure the average is.

    Args:
        values: (N,) finite numbers, one per image, N >= 1.
        sources: Images of one source are drawn together; None: each by itself.
        n_resamples: Of the bootstrap; 0 for no interval.
        seed: Of NumPy's generator.

    Returns:
        ``value``, ``low`` and ``high`` (95 % percentile bootstrap; None where there
        is but one image or source), and ``n``.

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
    """Gives the chance of so large a mean difference if the two were alike.

    Were they alike, each group's difference could as well have the other sign
    (Fisher's paired permutation test). Two-sided; all patterns are tried where there
    are few, else a sample, with the observed one counted in.

    Args:
        differences: (N,) floats.
        groups: (N,) integers from 0.
        n_permutations: Size of the sample.
        seed: Of NumPy's generator.
    """
    sums = np.bincount(groups, weights=differences)
    n_groups = len(sums)
    # Rounding must not turn a tie with the observed sum into a miss.
    observed = abs(sums.sum()) - 1e-12 * np.abs(sums).sum()
    if n_groups <= _EXACT_GROUPS:
        patterns = np.arange(2**n_groups)[:, None] >> np.arange(n_groups) & 1
        return float(np.mean(np.abs((1 - 2 * patterns) @ sums) >= observed))
    rng = np.random.default_rng(seed)
    rows, reached = max(1, _BLOCK // n_groups), 0
    for start in range(0, n_permutations, rows):
        size = (min(rows, n_permutations - start), n_groups)
        signs = 1 - 2 * rng.integers(0, 2, size, dtype=np.int8)
        reached += int(np.sum(np.abs(signs @ sums) >= observed))
    return (1 + reached) / (1 + n_permutations)


def group_numbers(names: Sequence[str | None]) -> np.ndarray:
    """Numbers the groups that names stand for; None is a group of its own.

    Args:
        names: (N,) names of the images' sources.

    Returns:
        (N,) integers from 0, in order of appearance.
    """
    numbers: dict[object, int] = {}
    keys = [(i,) if name is None else name for i, name in enumerate(names)]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)
