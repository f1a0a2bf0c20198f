"""What cameras, editors and web sites do to pixels: noise, resampling, JPEG."""

import math

import cv2
import numpy as np

from .grey import is_grey

POISSON_LEVEL = 128.0  # the grey level at which shot noise has its nominal sigma


def add_noise(
    image: np.ndarray, rng: np.random.Generator, sigma: float, kind: str = 'gaussian'
) -> np.ndarray:
    """Add sensor-like noise; a grey image stays grey.

    Args:
        image: (H, W, 3) uint8 BGR.
        rng: source of the noise.
        sigma: standard deviation in 8-bit units (at mid grey for 'poisson').
        kind: 'gaussian' or 'poisson' (in its normal approximation).
    """
    channels = 1 if is_grey(image) else 3
    noise = rng.standard_normal((*image.shape[:2], channels), dtype=np.float32) * sigma
    noisy = image.astype(np.float32)
    if kind == 'poisson':
        noise = noise * np.sqrt(noisy / POISSON_LEVEL)
    return np.rint(np.clip(noisy + noise, 0, 255)).astype(np.uint8)


def resample(image: np.ndarray, scale: float) -> np.ndarray:
    """Resize an image (H, W, 3) by `scale` and back."""
    height, width = image.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    shrinks = math.prod(size) < width * height
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    resized = cv2.resize(image, size, interpolation=interpolation)
    return cv2.resize(resized, (width, height), interpolation=cv2.INTER_CUBIC)


def encode_jpeg(
    image: np.ndarray, quality: int, full_chroma: bool = False
) -> np.ndarray:
    """The JPEG file (N,) uint8 of an image.

    Args:
        image: (H, W, 3) uint8 BGR.
        quality: 1..100, of the Independent JPEG Group's tables.
        full_chroma: Keep the resolution of the chroma (4:4:4); else it is halved.
    """
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    if full_chroma:
        full = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, full]
    return cv2.imencode('.jpg', image, options)[1]


def jpeg(image: np.ndarray, quality: int, full_chroma: bool = False) -> np.ndarray:
    """Compress an image by `encode_jpeg`, and decode it."""
    encoded = encode_jpeg(image, quality, full_chroma)
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR))
