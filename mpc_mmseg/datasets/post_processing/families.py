"""The families of post-processing: what they do, in which unit, within which bounds."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mpc_mmseg.datasets.degradation import add_noise, jpeg

from .blur import blur_of_kernel, blur_of_sigma, median
from .resampling import limit_longest_side, resize, screenshot
from .tone import gamma_curve
from .webp import webp

Apply = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Family:
    """One kind of post-processing, of which a number sets the severity.

    Attributes:
        name: With the unit in it; what a grid calls it.
        axis: Label of the severity's axis, with the unit.
        low: Least value, included.
        high: Largest value, included.
        apply: (image (H, W, 3) uint8 BGR, value, generator) -> image. None for the
            crop, which takes a part of image and mask alike.
        whole: Whether values are whole numbers.
        odd: Whether they are odd.
    """

    name: str
    axis: str
    low: float
    high: float
    apply: Apply | None
    whole: bool = False
    odd: bool = False

    def check(self, value: float) -> float:
        """Give the value back, whole numbers as such.

        Raises:
            ValueError: If it is out of bounds, or not whole or odd as it must be.
        """
        kind = 'odd ' if self.odd else 'whole ' if self.whole else ''
        bounds = f'{self.name} must be a {kind}number in {self.low:g}..{self.high:g}'
        if not self.low <= value <= self.high or (self.whole and value != int(value)):
            raise ValueError(f'{bounds}, got {value:g}')
        if self.odd and value % 2 == 0:
            raise ValueError(f'{bounds}, got {value:g}')
        return int(value) if self.whole else float(value)


CROP = 'crop_side_share'

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(
            'jpeg_quality',
            'JPEG quality (libjpeg, 1..100)',
            1,
            100,
            lambda image, value, rng: jpeg(image, int(value)),
            whole=True,
        ),
        Family(
            'webp_quality',
            'WebP quality (libwebp, 1..100)',
            1,
            100,
            lambda image, value, rng: webp(image, int(value)),
            whole=True,
        ),
        Family(
            'blur_sigma_px',
            'Gaussian blur, st. dev. (pixels)',
            0.1,
            50,
            lambda image, value, rng: blur_of_sigma(image, value),
        ),
        Family(
            'blur_kernel_px',
            'Gaussian blur, kernel (pixels)',
            1,
            301,
            lambda image, value, rng: blur_of_kernel(image, int(value)),
            whole=True,
            odd=True,
        ),
        Family(
            'median_kernel_px',
            'median filter, kernel (pixels)',
            1,
            255,
            lambda image, value, rng: median(image, int(value)),
            whole=True,
            odd=True,
        ),
        Family(
            'noise_sd_8bit',
            'Gaussian noise, st. dev. (8-bit levels)',
            0.1,
            128,
            lambda image, value, rng: add_noise(image, rng, value),
        ),
        Family(
            'gamma',
            'gamma (exponent of the level)',
            0.1,
            10,
            lambda image, value, rng: gamma_curve(image, value),
        ),
        Family(
            'resize_factor',
            'resize factor (of each side)',
            0.02,
            8,
            lambda image, value, rng: resize(image, value),
        ),
        Family(
            'longest_side_px',
            'longest side at most (pixels)',
            16,
            20000,
            lambda image, value, rng: limit_longest_side(image, int(value)),
            whole=True,
        ),
        Family(
            'screenshot_scale',
            'screenshot, scale of display (of each side)',
            0.02,
            8,
            lambda image, value, rng: screenshot(image, value),
        ),
        Family(CROP, 'centre crop (share of each side kept)', 0.02, 1, None),
    )
}
