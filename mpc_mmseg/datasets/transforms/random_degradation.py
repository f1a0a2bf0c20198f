"""Blur, sharpening, noise, loss of resolution and JPEG compression.

Required Keys of all: img. Modified Keys: img. A range is a pair (low, high), drawn from
uniformly; arguments out of the limits that are stated raise a ValueError.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from mpc_mmseg.datasets.degradation import POISSON_LEVEL, add_noise, jpeg, resample
from mpc_mmseg.datasets.ranges import check_range

from .random_range import draw, draw_seed

KINDS = ('box', 'gaussian', 'median', 'motion')
#: A pixel against its eight neighbours.
_EDGES = np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], np.float32)
_IDENTITY = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]], np.float32)


@TRANSFORMS.register_module()
class RandomBlur(BaseTransform):
    """Blur the image by a random kind and kernel.

    Args:
        kinds: Kinds to choose from with equal probability: 'box', 'gaussian', 'median'
            and 'motion' (a straight line of any direction).
        kernel: Range of the kernel's side in pixels, odd integers within 3..31; only
            odd sides are drawn.
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
        side = low + 2 * np.random.randint((high - low) // 2 + 1)
        return kind, side, float(np.random.uniform(0, 180))

    def transform(self, results: dict) -> dict:
        results['img'] = blur(results['img'], *self.random_blur())
        return results


def blur(image: np.ndarray, kind: str, side: int, angle: float = 0.0) -> np.ndarray:
    """Blur an image (H, W, 3) uint8.

    Args:
        image: The image.
        kind: One of KINDS. 'gaussian' has OpenCV's standard deviation for a kernel of
            this side, 0.3 ((side - 1) / 2 - 1) + 0.8.
        side: Side of the kernel, odd, in pixels.
        angle: Direction of 'motion', in degrees from the x axis.
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
    """A straight movement through the kernel's centre, (side, side), with sum 1."""
    radius = side // 2
    direction = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    # As long as the square allows in this direction.
    reach = direction * radius / np.abs(direction).max()
    first, last = np.rint(radius - reach), np.rint(radius + reach)
    kernel = np.zeros((side, side), np.float32)
    cv2.line(kernel, first.astype(int).tolist(), last.astype(int).tolist(), 1.0)
    return kernel / kernel.sum()


@TRANSFORMS.register_module()
class RandomSharpen(BaseTransform):
    """Add ``amount`` times the difference between a pixel and its eight neighbours.

    Args:
        amount: Range of the factor, within 0..10.
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


@TRANSFORMS.register_module()
class RandomResample(BaseTransform):
    """Shrink the image by area interpolation and enlarge it again by bicubic.

    Args:
        scale: Range of the smaller size's scale, within 0.1..1.
    """

    def __init__(self, scale: tuple[float, float] = (0.25, 0.9)) -> None:
        self.scale = check_range('scale', scale, 0.1, 1)

    @cache_randomness
    def random_scale(self) -> float:
        return draw(self.scale)

    def transform(self, results: dict) -> dict:
        results['img'] = resample(results['img'], self.random_scale())
        return results


@TRANSFORMS.register_module()
class RandomJPEG(BaseTransform):
    """Compress the image to JPEG in memory, and decode it.

    Args:
        quality: Range of the quality, integers within 1..100, as libjpeg, OpenCV and
            Pillow define it.
        full_chroma: Probability, in 0..1, of colours at full resolution (4:4:4)
            instead of half (4:2:0).
    """

    def __init__(
        self, quality: tuple[int, int] = (50, 95), full_chroma: float = 0.0
    ) -> None:
        low, high = check_range('quality', quality, 1, 100)
        if low != int(low) or high != int(high):
            raise ValueError(f'quality must be a range of integers, got {quality!r}')
        if not 0 <= full_chroma <= 1:
            raise ValueError(f'full_chroma must be within 0..1, got {full_chroma}')
        self.quality, self.full_chroma = (int(low), int(high)), full_chroma

    @cache_randomness
    def random_quality(self) -> int:
        return int(np.random.randint(self.quality[0], self.quality[1] + 1))

    @cache_randomness
    def random_chroma(self) -> bool:
        # No random number is drawn at 0, so a seed gives what it gives without it.
        return self.full_chroma > 0 and np.random.rand() < self.full_chroma

    def transform(self, results: dict) -> dict:
        quality = self.random_quality()
        results['img'] = jpeg(results['img'], quality, self.random_chroma())
        return results


@TRANSFORMS.register_module()
class RandomGaussianNoise(BaseTransform):
    """Add noise of equal variance everywhere, independent between the channels.

    A grey image stays grey.

    Args:
        sigma: Range of the standard deviation, within 0..255.
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
    """Add the noise of a camera at a high ISO number.

    The variance of this shot noise is proportional to the brightness. One part is
    common to the channels (grain), the other independent (coloured speckle).

    Args:
        sigma: Range of the grain's standard deviation at mid grey (128), within
            0..255.
        colour: Range of the speckle's standard deviation relative to the grain's,
            within 0..10.
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
    """Add shot noise v + sigma sqrt(v / 128) (n + colour n_c) to an image of levels v.

    n (grain) and n_c (speckle, one for each channel) are normal with deviation 1.
    """
    noise = rng.standard_normal(image.shape, dtype=np.float32) * np.float32(colour)
    noise += rng.standard_normal((*image.shape[:2], 1), dtype=np.float32)
    strength = sigma * np.sqrt(np.arange(256, dtype=np.float32) / POISSON_LEVEL)
    noise *= strength.astype(np.float32)[image]
    noise += image
    return np.rint(np.clip(noise, 0, 255, out=noise)).astype(np.uint8)
