"""Soft edges between a pasted part and what surrounds it."""

import cv2
import numpy as np


def soft_edge(mask: np.ndarray, width: float) -> np.ndarray:
    """Opacity that rises from 0 to 1 across the outline of a region.

    It exceeds 0.5 inside the region and nowhere else, and is exactly 0 or 1 from
    `width / 2 + 0.5` pixels off the outline.

    Args:
        mask: (H, W) uint8, 1 inside the region and 0 outside.
        width: width of the ramp in pixels; up to 1, the edge is hard.

    Returns:
        (H, W) float32 in 0..1.

    Raises:
        ValueError: `width` is negative.
    """
    if width < 0:
        raise ValueError(f'width must not be negative, got {width}')
    if width <= 1:
        return mask.astype(np.float32)
    within = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    beyond = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 5)
    # a pixel's centre lies half a pixel nearer to the outline than to the next pixel
    signed = np.where(mask > 0, within - 0.5, 0.5 - beyond)
    return np.clip(0.5 + signed / width, 0, 1).astype(np.float32)


def blend(
    background: np.ndarray, foreground: np.ndarray, alpha: np.ndarray
) -> np.ndarray:
    """Mix two images: `background + alpha * (foreground - background)`, rounded.

    Args:
        background: (H, W, 3) uint8.
        foreground: (H, W, 3) uint8.
        alpha: (H, W) float32 opacity of the foreground in 0..1.

    Returns:
        (H, W, 3) uint8.
    """
    below = background.astype(np.float32)
    mixed = below + alpha[..., None] * (foreground.astype(np.float32) - below)
    return np.rint(mixed).astype(np.uint8)
