"""Lossy WebP."""

import cv2
import numpy as np


def webp(image: np.ndarray, quality: int) -> np.ndarray:
    """Compress an image (H, W, 3) uint8 BGR to WebP at a quality, and decode it."""
    _, encoded = cv2.imencode('.webp', image, [cv2.IMWRITE_WEBP_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR))
