"""The history of a photograph: what cameras, editors and files did to its pixels."""

from dataclasses import dataclass

import cv2
import numpy as np

from mpc_mmseg.datasets.degradation import add_noise, jpeg, resample


@dataclass(frozen=True)
class History:
    """A chain of blur, noise, resampling and JPEG compression, in that order.

    Args:
        blur_sigma: Gaussian blur in pixels; 0 for none.
        noise_sigma: standard deviation of the noise in 8-bit units; 0 for none.
        noise_kind: 'gaussian', or 'poisson', which grows with the square root of the
            brightness and has `noise_sigma` at mid grey.
        scale: relative size to which the image is resampled, and back; 1 for none.
        jpeg_quality: 1..100; None for no compression.
        full_chroma: whether JPEG keeps the resolution of the chroma (4:4:4, not 4:2:0).

    Raises:
        ValueError: an argument is out of bounds.
    """

    blur_sigma: float = 0.0
    noise_sigma: float = 0.0
    noise_kind: str = 'gaussian'
    scale: float = 1.0
    jpeg_quality: int | None = None
    full_chroma: bool = False

    def __post_init__(self) -> None:
        for name in ('blur_sigma', 'noise_sigma'):
            if getattr(self, name) < 0:
                raise ValueError(
                    f'{name} must not be negative, got {getattr(self, name)}'
                )
        if self.noise_kind not in ('gaussian', 'poisson'):
            raise ValueError(
                f"noise_kind must be 'gaussian' or 'poisson', got {self.noise_kind!r}"
            )
        if not 0.1 <= self.scale <= 4:
            raise ValueError(f'scale must lie in 0.1..4, got {self.scale}')
        if self.jpeg_quality is not None and not 1 <= self.jpeg_quality <= 100:
            raise ValueError(
                f'jpeg_quality must lie in 1..100, got {self.jpeg_quality}'
            )


def history(image: np.ndarray, rng: np.random.Generator, trace: History) -> np.ndarray:
    """Apply a history to an image; its size stays.

    Args:
        image: (H, W, 3) uint8 BGR.
        rng: source of the noise.
        trace: the history.

    Returns:
        (H, W, 3) uint8 BGR.
    """
    if trace.blur_sigma > 0:
        image = cv2.GaussianBlur(image, (0, 0), trace.blur_sigma)
    if trace.noise_sigma > 0:
        image = add_noise(image, rng, trace.noise_sigma, trace.noise_kind)
    if trace.scale != 1:
        image = resample(image, trace.scale)
    if trace.jpeg_quality is not None:
        image = jpeg(image, trace.jpeg_quality, trace.full_chroma)
    return image
