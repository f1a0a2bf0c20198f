"""Draws from numpy's global generator."""

import numpy as np


def draw(bounds: tuple[float, float]) -> float:
    """A uniform number of a range."""
    return float(np.random.uniform(*bounds))


def draw_seed() -> int:
    """A seed for the noise of an image.

    ``default_rng`` draws normal numbers in a quarter of the global generator's time.
    """
    return int(np.random.randint(2**31))
