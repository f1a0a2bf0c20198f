"""The ranges that random transforms draw from."""

import numpy as np


def check_range(
    name: str, bounds: tuple[float, float], lowest: float, highest: float
) -> tuple[float, float]:
    """Return the range given as the argument ``name``.

    Raises:
        ValueError: Unless it is a pair with lowest <= low <= high <= highest.
    """
    try:
        low, high = bounds
        valid = lowest <= low <= high <= highest
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise ValueError(
            f'{name} must be a pair (low, high) within {lowest}..{highest}, '
            f'got {bounds!r}'
        )
    return low, high


def draw(bounds: tuple[float, float]) -> float:
    """A uniform number of a range, from numpy's global generator."""
    return float(np.random.uniform(*bounds))


def draw_seed() -> int:
    """A seed, from numpy's global generator, for the noise of an image.

    ``default_rng`` draws normal numbers in a quarter of the global generator's time.
    """
    return int(np.random.randint(2**31))
