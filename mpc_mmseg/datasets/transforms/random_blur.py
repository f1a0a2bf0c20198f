"""Blurs: box, Gaussian, median and motion."""

from collections.abc import Sequence

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from .random_range import check_range

KINDS = ('box', 'gaussian', 'median', 'motion')


@TRANSFORMS.register_module()
class RandomBlur(BaseTransform):
    """Blur the image by a random kind and kernel.

    Required Keys: img. Modified Keys: img.

    Args:
        kinds: Which to choose from, each as likely: 'box', 'gaussian', 'median' and
            'motion' (a straight line of any direction).
        kernel: Range of the kernel's side in pixels; only odd sides are drawn.

    Raises:
        ValueError: If a kind is unknown or the range not of odd numbers within 3..31.
    """

    def __init__(
        self, kinds: Sequence[str] = KINDS, kernel: tuple[int, int] = (3, 7)
    ) -> None:
        if not kinds or isinstance(kinds, str) or set(kinds) - {*KINDS}:
            raise ValueError(f'kinds must be a list of {list(KINDS)}, got {kinds!r}')
        low, high = check_range('kernel', kernel, 3, 31)
        if low % 2 != 1 or high % 2 != 1:
            raise ValueError(f'kernel must be a range of odd integers, got {kernel!r}')
        self.kinds = tuple(kinds)
        self.kernel = int(low), int(high)

    @cache_randomness
    def random_blur(self) -> tuple[str, int, float]:
        """Kind, side of the kernel and angle in degrees."""
        kind = self.kinds[np.random.randint(len(self.kinds))]
        low, high = self.kernel
        return (
            kind,
            low + 2 * np.random.randint((high - low) // 2 + 1),
            float(np.random.uniform(0, 180)),
        )

    def transform(self, results: dict) -> dict:
        results['img'] = blur(results['img'], *self.random_blur())
        return results


def blur(image: np.ndarray, kind: str, side: int, angle: float = 0.0) -> np.ndarray:
    """Blur an image.

    Args:
        image: (H, W, 3) uint8.
        kind: One of KINDS. 'gaussian' has OpenCV's standard deviation for a kernel of
            this side, 0.3 ((side - 1) / 2 - 1) + 0.8.
        side: Of the kernel, odd, in pixels.
        angle: Of 'motion', in degrees against the x axis.

    Returns:
        (H, W, 3) uint8.
    """
    if kind == 'box':
        return cv2.blur(image, (side, side))
    if kind == 'gaussian':
        sigma = 0.3 * ((side - 1) / 2 - 1) + 0.8
        return cv2.GaussianBlur(image, (side, side), sigma)
    if kind == 'median':
        return cv2.medianBlur(image, side)
    return cv2.filter2D(image, -1, motion_kernel(side, angle))


def motion_kernel(side: int, angle: float) -> np.ndarray:
    """A straight movement through the kernel's middle, (side, side), with sum 1."""
    radius = side // 2
    direction = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    # As long as the square allows in this direction.
    reach = direction * radius / np.abs(direction).max()
    first, last = np.rint(radius - reach), np.rint(radius + reach)
    kernel = np.zeros((side, side), np.float32)
    cv2.line(kernel, first.astype(int).tolist(), last.astype(int).tolist(), 1.0)
    return kernel / kernel.sum()
