"""Brightness curves."""

import cv2
import numpy as np


def gamma_curve(image: np.ndarray, gamma: float) -> np.ndarray:
    """Raise levels to a power: ``255 * (level / 255) ** gamma``, rounded.

    Args:
        image: (H, W, 3) uint8.
        gamma: Above 1 darkens, below 1 brightens.
    """
    levels = np.arange(256, dtype=np.float64) / 255
    return cv2.LUT(image, np.rint(255 * levels**gamma).astype(np.uint8))
