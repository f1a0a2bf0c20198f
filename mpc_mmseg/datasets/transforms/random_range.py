"""A range of numbers that a random transform draws from."""

import numpy as np


def check_range(
    name: str, bounds: tuple[float, float], lowest: float, highest: float
) -> tuple[float, float]:
    """A range given as an argument, or an error that names it.

    Args:
        name: What the argument is called.
        bounds: (low, high), both included.
        lowest: What low must at least be.
        highest: What high must at most be.

    Raises:
        ValueError: If it is no pair of numbers with lowest <= low <= high <= highest.
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
    """A number of a range, uniform, from numpy's global generator."""
    return float(np.random.uniform(*bounds))


def draw_seed() -> int:
    """A seed for a whole image's noise, from numpy's global generator.

    A generator of its own makes normal numbers in a quarter of the global one's time.
    """
    return int(np.random.randint(2**31))
