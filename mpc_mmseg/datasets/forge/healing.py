"""Painting a part over with another part of the photograph that fits around it."""

import cv2
import numpy as np

from .blend import poisson_blend

SEARCHED_SIDE = 160  # positions are compared in a reduced copy
RING = 9  # pixels around the hole that have to fit


def heal(image: np.ndarray, mask: np.ndarray) -> np.ndarray | None:
    """Fill a region with the part of the image whose surroundings are most like its.

    What a healing brush does: the ring around the region is searched for elsewhere, and
    what lies inside the best match is blended in by its gradients. The fill keeps the
    photograph's texture and noise.

    Args:
        image: (H, W, 3) uint8 BGR.
        mask: (H, W) uint8, 1 inside the region.

    Returns:
        (H, W, 3) uint8; None where the region touches the frame, or there is no room
        beside it for another one.
    """
    height, width = mask.shape
    left, top, wide, high = cv2.boundingRect(mask)
    top, left = top - RING, left - RING
    high, wide = high + 2 * RING, wide + 2 * RING
    if min(top, left) < 0 or top + high > height or left + wide > width:
        return None
    box = slice(top, top + high), slice(left, left + wide)
    hole = mask[box]
    scale = min(1.0, SEARCHED_SIDE / max(height, width))
    ring = cv2.dilate(hole, np.ones((2 * RING - 1,) * 2, np.uint8)) - hole
    small, pattern, ring = (
        cv2.resize(each, None, fx=scale, fy=scale, interpolation=how)
        for each, how in (
            (image, cv2.INTER_AREA),
            (image[box], cv2.INTER_AREA),
            (ring, cv2.INTER_NEAREST),
        )
    )
    if not ring.any():
        return None
    cost = cv2.matchTemplate(small, pattern, cv2.TM_SQDIFF, mask=ring)
    # the two may not overlap
    rows, columns = np.ogrid[: cost.shape[0], : cost.shape[1]]
    near = (np.abs(rows - top * scale) < pattern.shape[0]) & (
        np.abs(columns - left * scale) < pattern.shape[1]
    )
    cost = np.where(near, np.inf, cost)
    best = np.unravel_index(int(cost.argmin()), cost.shape)
    if not np.isfinite(cost[best]):
        return None
    row = min(round(best[0] / scale), height - high)
    column = min(round(best[1] / scale), width - wide)
    other = image[row : row + high, column : column + wide]
    filled = image.copy()
    filled[box] = poisson_blend(image[box], other, hole)
    return filled
