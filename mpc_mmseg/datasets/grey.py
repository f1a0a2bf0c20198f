"""Photographs without colour, whose three channels are equal."""

import cv2
import numpy as np


def is_grey(image: np.ndarray) -> bool:
    """Whether the three channels of an image (H, W, 3) are the same everywhere."""
    blue, green, red = cv2.split(image)
    return np.array_equal(blue, green) and np.array_equal(green, red)


def to_grey(image: np.ndarray) -> np.ndarray:
    """Luminance of an image (H, W, 3) uint8 BGR in each of three channels."""
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
