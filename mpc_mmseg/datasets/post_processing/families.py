"""The families of post-processing: operation, unit and bounds of the severity.

An operation takes an image (H, W, 3) uint8 BGR and a value.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from mpc_mmseg.datasets.degradation import add_noise, jpeg

CROP = 'crop_side_share'
# Offset of a screenshot's samples against the photograph's, in pixels of the screen.
SCREEN_OFFSET = 0.25

Apply = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]
Operation = Callable[..., np.ndarray]


@dataclass(frozen=True)
class Family:
    """One kind of post-processing, whose severity is a number.

    Attributes:
        name: With the unit in it; the key in a grid.
        axis: Label of the severity's axis, with the unit.
        low: Least value, included.
        high: Largest value, included.
        apply: (image (H, W, 3) uint8 BGR, value, generator) -> image. None for the
            crop, which applies to image and mask alike.
        numbers: Which values are valid: '' (all), 'whole' or 'odd'.
    """

    name: str
    axis: str
    low: float
    high: float
    apply: Apply | None
    numbers: str = ''

    def check(self, value: float) -> float:
        """Give a valid value back, whole numbers as integers, or raise ValueError."""
        valid = self.low <= value <= self.high
        if self.numbers:
            valid = valid and value == int(value)
        if self.numbers == 'odd':
            valid = valid and value % 2 == 1
        if not valid:
            kind = f'{self.numbers} number'.lstrip()
            raise ValueError(
                f'{self.name} must be a {kind} in {self.low:g}..{self.high:g}, '
                f'got {value:g}'
            )
        return int(value) if self.numbers else float(value)


FAMILIES: dict[str, Family] = {}


def _family(
    name: str, axis: str, low: float, high: float, numbers: str = ''
) -> Callable[[Operation], Operation]:
    """Add an operation without random numbers to the families."""

    def add(operation: Operation) -> Operation:
        def apply(image: np.ndarray, value: float, _: object) -> np.ndarray:
            return operation(image, value)

        FAMILIES[name] = Family(name, axis, low, high, apply, numbers)
        return operation

    return add


_family('jpeg_quality', 'JPEG quality (libjpeg, 1..100)', 1, 100, 'whole')(jpeg)


@_family('webp_quality', 'WebP quality (libwebp, 1..100)', 1, 100, 'whole')
def webp(image: np.ndarray, quality: int) -> np.ndarray:
    """Compress an image to lossy WebP at a quality, and decode it."""
    _, encoded = cv2.imencode('.webp', image, [cv2.IMWRITE_WEBP_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR))


@_family('blur_sigma_px', 'Gaussian blur, st. dev. (pixels)', 0.1, 50)
def blur_of_sigma(image: np.ndarray, sigma: float) -> np.ndarray:
    """Blur an image with a Gaussian of a standard deviation in pixels.

    The kernel reaches three standard deviations to each side for any depth of the
    image: OpenCV's own choice differs between 8 bits and floating point.
    """
    kernel = 2 * math.ceil(3 * sigma) + 1
    return cv2.GaussianBlur(image, (kernel, kernel), sigma)


@_family('blur_kernel_px', 'Gaussian blur, kernel (pixels)', 1, 301, 'odd')
def blur_of_kernel(image: np.ndarray, kernel: int) -> np.ndarray:
    """Blur an image with a Gaussian kernel of an odd size in pixels.

    Its standard deviation is the one that OpenCV derives,
    ``0.3 * ((kernel - 1) / 2 - 1) + 0.8``, as in lists that state a kernel alone.
    """
    return cv2.GaussianBlur(image, (kernel, kernel), 0)


@_family('median_kernel_px', 'median filter, kernel (pixels)', 1, 255, 'odd')
def median(image: np.ndarray, kernel: int) -> np.ndarray:
    """Take the median over an odd kernel, in each channel of an image."""
    return cv2.medianBlur(image, kernel)


FAMILIES['noise_sd_8bit'] = Family(
    'noise_sd_8bit',
    'Gaussian noise, st. dev. (8-bit levels)',
    0.1,
    128,
    lambda image, value, rng: add_noise(image, rng, value),
)


@_family('gamma', 'gamma (exponent of the level)', 0.1, 10)
def gamma_curve(image: np.ndarray, gamma: float) -> np.ndarray:
    """Raise levels to a power: ``255 * (level / 255) ** gamma``, rounded.

    A gamma above 1 darkens, one below 1 brightens.
    """
    levels = np.arange(256, dtype=np.float64) / 255
    return cv2.LUT(image, np.rint(255 * levels**gamma).astype(np.uint8))


@_family('resize_factor', 'resize factor (of each side)', 0.02, 8)
def resize(image: np.ndarray, factor: float) -> np.ndarray:
    """Resize an image by a factor, as an image editor does.

    Smaller: the mean over the area of each new pixel; larger: bicubic.
    """
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(image, _scaled(image, factor), interpolation=interpolation)


@_family('longest_side_px', 'longest side at most (pixels)', 16, 20000, 'whole')
def limit_longest_side(image: np.ndarray, pixels: int) -> np.ndarray:
    """Shrink an image until its longest side has that length; never enlarge."""
    longest = max(image.shape[:2])
    return image if longest <= pixels else resize(image, pixels / longest)


@_family('screenshot_scale', 'screenshot, scale of display (of each side)', 0.02, 8)
def screenshot(image: np.ndarray, scale: float) -> np.ndarray:
    """Imitate a lossless screenshot of an image displayed at a scale.

    A screen takes single bilinear samples, without the low-pass filter of an image
    editor, and the picture does not start at an integer position: the samples are a
    quarter of a screen pixel further right and down.
    """
    size = _scaled(image, scale)
    # Centres of pixels: source = (target + 0.5 + offset) / scale - 0.5.
    steps = image.shape[1] / size[0], image.shape[0] / size[1]
    shifts = [(0.5 + SCREEN_OFFSET) * step - 0.5 for step in steps]
    source = np.array([[steps[0], 0, shifts[0]], [0, steps[1], shifts[1]]])
    return cv2.warpAffine(
        image,
        source,
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


FAMILIES[CROP] = Family(CROP, 'centre crop (share of each side kept)', 0.02, 1, None)


def _scaled(image: np.ndarray, factor: float) -> tuple[int, int]:
    """The size (width, height) of an image times a factor, at least 1 x 1."""
    height, width = image.shape[:2]
    return max(1, round(width * factor)), max(1, round(height * factor))
