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
    """

    blur_sigma: float = 0.0
    noise_sigma: float = 0.0
    noise_kind: str = 'gaussian'
    scale: float = 1.0
    jpeg_quality: int | None = None
    full_chroma: bool = False


def history(image: np.ndarray, rng: np.random.Generator, trace: History) -> np.ndarray:
    """Apply a history to an image (H, W, 3) uint8 BGR; its size stays."""
    if trace.blur_sigma > 0:
        image = cv2.GaussianBlur(image, (0, 0), trace.blur_sigma)
    if trace.noise_sigma > 0:
        image = add_noise(image, rng, trace.noise_sigma, trace.noise_kind)
    if trace.scale != 1:
        image = resample(image, trace.scale)
    if trace.jpeg_quality is not None:
        image = jpeg(image, trace.jpeg_quality, trace.full_chroma)
    return image
