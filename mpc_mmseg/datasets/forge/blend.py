"""Soft edges between a pasted part and what surrounds it."""

import cv2
import numpy as np

ERODED = 3  # pixels by which cv2.seamlessClone shrinks a region


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


def poisson_blend(
    background: np.ndarray, foreground: np.ndarray, mask: np.ndarray
) -> np.ndarray:
    """Give a region the foreground's gradients and, at its outline, the background.

    Perez, Gangnet, Blake, "Poisson Image Editing", SIGGRAPH 2003, as in OpenCV.

    Args:
        background: (H, W, 3) uint8.
        foreground: (H, W, 3) uint8.
        mask: (H, W) uint8, 1 inside the region, which keeps `ERODED + 1` pixels off the
            frame.

    Returns:
        (H, W, 3) uint8, the background outside the region.

    Raises:
        ValueError: the mask is empty or too near to the frame.
    """
    inner = mask[ERODED + 1 : -ERODED - 1, ERODED + 1 : -ERODED - 1]
    if not inner.any() or mask.sum() != inner.sum():
        raise ValueError(
            f'mask must not be empty, and keep {ERODED + 1} pixels off the frame'
        )
    # OpenCV shrinks the region first
    larger = cv2.dilate(mask, np.ones((2 * ERODED + 1,) * 2, np.uint8))
    left, top, width, height = cv2.boundingRect(larger)
    centre = left + width // 2, top + height // 2  # where OpenCV puts the region back
    cloned = cv2.seamlessClone(
        foreground, background, larger * 255, centre, cv2.NORMAL_CLONE
    )
    return np.where(mask[..., None] > 0, cloned, background)


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
