"""Blurs: Gaussian by its width or by its kernel, and the median."""

import math

import cv2
import numpy as np


def blur_of_sigma(image: np.ndarray, sigma: float) -> np.ndarray:
    """Blur an image (H, W, 3) with a Gaussian of a standard deviation in pixels.

    The kernel reaches three standard deviations to each side, whatever the depth of
    the image: OpenCV's own choice differs between 8 bits and floating point.
    """
    kernel = 2 * math.ceil(3 * sigma) + 1
    return cv2.GaussianBlur(image, (kernel, kernel), sigma)


def blur_of_kernel(image: np.ndarray, kernel: int) -> np.ndarray:
    """Blur an image (H, W, 3) with a Gaussian kernel of an odd size in pixels.

    Its standard deviation is the one that OpenCV derives,
    ``0.3 * ((kernel - 1) / 2 - 1) + 0.8``, as in lists that state a kernel alone.
    """
    return cv2.GaussianBlur(image, (kernel, kernel), 0)


def median(image: np.ndarray, kernel: int) -> np.ndarray:
    """Take the median of an odd kernel, in each channel of an image (H, W, 3)."""
    return cv2.medianBlur(image, kernel)
