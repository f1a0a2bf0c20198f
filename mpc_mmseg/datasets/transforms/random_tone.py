"""Changes of tone: one table maps grey levels to grey levels.

Required Keys of all: img. Modified Keys: img. A range is a pair (low, high), drawn from
uniformly; arguments out of the limits that are stated raise a ValueError.
"""

from collections.abc import Callable

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from mpc_mmseg.datasets.ranges import check_range

from .random_range import draw

LEVELS = np.linspace(0, 1, 256)


class _RandomTone(BaseTransform):
    #: Gives the new level of each of the 256 levels, in 0..1.
    random_table: Callable[[], np.ndarray]

    def transform(self, results: dict) -> dict:
        table = np.rint(np.clip(self.random_table(), 0, 1) * 255).astype(np.uint8)
        results['img'] = cv2.LUT(results['img'], table)
        return results


@TRANSFORMS.register_module()
class RandomBrightnessContrast(_RandomTone):
    """contrast v + brightness, of levels v in 0..1.

    Args:
        brightness: Range of the summand, within -1..1.
        contrast: Range of the factor, within 0..10.
    """

    def __init__(
        self,
        brightness: tuple[float, float] = (-0.2, 0.2),
        contrast: tuple[float, float] = (0.8, 1.2),
    ) -> None:
        self.brightness = check_range('brightness', brightness, -1, 1)
        self.contrast = check_range('contrast', contrast, 0, 10)

    @cache_randomness
    def random_table(self) -> np.ndarray:
        return draw(self.contrast) * LEVELS + draw(self.brightness)


@TRANSFORMS.register_module()
class RandomGamma(_RandomTone):
    """v ** gamma, of levels v in 0..1.

    Args:
        gamma: Range of the exponent, within 0.01..100; above 1 is darker.
    """

    def __init__(self, gamma: tuple[float, float] = (0.8, 1.2)) -> None:
        self.gamma = check_range('gamma', gamma, 0.01, 100)

    @cache_randomness
    def random_table(self) -> np.ndarray:
        return LEVELS ** draw(self.gamma)


@TRANSFORMS.register_module()
class RandomToneCurve(_RandomTone):
    """A smooth rising curve from black to white: a cubic Bezier polynomial.

    3 (1 - v)^2 v a + 3 (1 - v) v^2 b + v^3 of levels v in 0..1; a = 1/3 and b = 2/3
    is the identity.

    Args:
        spread: Standard deviation of a and b about these values, within 0..1; both
            are clipped to 0..1 and sorted, so that the curve never falls.
    """

    def __init__(self, spread: float = 0.1) -> None:
        if not 0 <= spread <= 1:
            raise ValueError(f'spread must be within 0..1, got {spread}')
        self.spread = spread

    @cache_randomness
    def random_table(self) -> np.ndarray:
        low, high = np.sort(
            np.clip(np.random.normal([1 / 3, 2 / 3], self.spread), 0, 1)
        )
        v, rest = LEVELS, 1 - LEVELS
        return 3 * rest**2 * v * low + 3 * rest * v**2 * high + v**3
