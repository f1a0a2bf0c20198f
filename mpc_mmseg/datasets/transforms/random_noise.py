"""Noise, Gaussian and as of a camera's high sensitivity."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from mpc_mmseg.datasets.degradation import POISSON_LEVEL, add_noise

from .random_range import check_range, draw, draw_seed


@TRANSFORMS.register_module()
class RandomGaussianNoise(BaseTransform):
    """Add noise that is alike everywhere and independent between the channels.

    An image without colour stays without.

    Required Keys: img. Modified Keys: img.

    Args:
        sigma: Range of the standard deviation, in 8-bit units.

    Raises:
        ValueError: If the range is not within 0..255.
    """

    def __init__(self, sigma: tuple[float, float] = (3.0, 7.0)) -> None:
        self.sigma = check_range('sigma', sigma, 0, 255)

    @cache_randomness
    def random_noise(self) -> tuple[int, float]:
        return draw_seed(), draw(self.sigma)

    def transform(self, results: dict) -> dict:
        seed, sigma = self.random_noise()
        rng = np.random.default_rng(seed)
        results['img'] = add_noise(results['img'], rng, sigma)
        return results


@TRANSFORMS.register_module()
class RandomISONoise(BaseTransform):
    """Add noise as of a camera at a high ISO number.

    Shot noise: its variance is proportional to the brightness. A part is common to
    the channels (grain), a part independent (coloured speckle).

    Required Keys: img. Modified Keys: img.

    Args:
        sigma: Range of the grain's standard deviation at mid grey (128), in 8-bit
            units.
        colour: Range of the speckle's standard deviation, relative to the grain's.

    Raises:
        ValueError: If a range is not within 0..255 or 0..10.
    """

    def __init__(
        self,
        sigma: tuple[float, float] = (3.0, 10.0),
        colour: tuple[float, float] = (0.2, 0.6),
    ) -> None:
        self.sigma = check_range('sigma', sigma, 0, 255)
        self.colour = check_range('colour', colour, 0, 10)

    @cache_randomness
    def random_noise(self) -> tuple[int, float, float]:
        return draw_seed(), draw(self.sigma), draw(self.colour)

    def transform(self, results: dict) -> dict:
        seed, sigma, colour = self.random_noise()
        rng = np.random.default_rng(seed)
        results['img'] = add_iso_noise(results['img'], rng, sigma, colour)
        return results


def add_iso_noise(
    image: np.ndarray, rng: np.random.Generator, sigma: float, colour: float
) -> np.ndarray:
    """Add shot noise: v + sigma sqrt(v / 128) (n + colour n_c), n and n_c normal.

    Args:
        image: (H, W, 3) uint8.
        rng: Source of the noise.
        sigma: Standard deviation of the grain n, in 8-bit units at mid grey.
        colour: Of the speckle n_c, one for each channel c, relative to ``sigma``.

    Returns:
        (H, W, 3) uint8.
    """
    height, width = image.shape[:2]
    noise = rng.standard_normal((height, width, 3), dtype=np.float32)
    noise *= colour
    noise += rng.standard_normal((height, width, 1), dtype=np.float32)
    strength = sigma * np.sqrt(np.arange(256, dtype=np.float32) / POISSON_LEVEL)
    noise *= strength.astype(np.float32)[image]
    noise += image
    return np.rint(np.clip(noise, 0, 255, out=noise)).astype(np.uint8)
