"""Sharpening, as an editor or a camera does it."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from .random_range import check_range, draw

#: A pixel against its eight neighbours.
_EDGES = np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], np.float32)
_IDENTITY = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]], np.float32)


@TRANSFORMS.register_module()
class RandomSharpen(BaseTransform):
    """Add ``amount`` times the difference between a pixel and its eight neighbours.

    Flat areas stay as they are.

    Required Keys: img. Modified Keys: img.

    Args:
        amount: Range of the factor.

    Raises:
        ValueError: If the range is not within 0..10.
    """

    def __init__(self, amount: tuple[float, float] = (0.1, 0.4)) -> None:
        self.amount = check_range('amount', amount, 0, 10)

    @cache_randomness
    def random_amount(self) -> float:
        return draw(self.amount)

    def transform(self, results: dict) -> dict:
        kernel = _IDENTITY + self.random_amount() * _EDGES
        results['img'] = cv2.filter2D(results['img'], -1, kernel)
        return results
