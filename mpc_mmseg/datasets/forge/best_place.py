"""The position in an image where the seam of a cut-out is least visible."""

import cv2
import numpy as np

from .paste import CutOut

SEARCHED_SIDE = 160  # positions are compared in a reduced copy


def find_best_place(
    part: CutOut,
    background: np.ndarray,
    occupied: np.ndarray | None = None,
    max_overlap: float = 0.2,
) -> tuple[tuple[int, int], float] | None:
    """Compare all positions for a cut-out, where `find_place` compares a few.

    Args:
        part: the cut-out, (h, w).
        background: (H, W, 3) uint8 BGR.
        occupied: (H, W) uint8, 1 where the part must not go, if anywhere.
        max_overlap: largest share of the part that may lie on occupied pixels.

    Returns:
        (top, left) of the cut-out in the background, and the root mean square
        difference along its seam in 8-bit units; None where there is no room.
    """
    height, width = part.mask.shape
    room = background.shape[0] - height, background.shape[1] - width
    if min(room) < 0:
        return None
    scale = min(1.0, SEARCHED_SIDE / max(background.shape[:2]))
    reach = np.ones((9, 9), np.uint8)
    band = cv2.dilate(part.mask, reach) - cv2.erode(part.mask, reach)
    small, rim, seam, inside = (
        cv2.resize(each, None, fx=scale, fy=scale, interpolation=how)
        for each, how in (
            (background, cv2.INTER_AREA),
            (part.image, cv2.INTER_AREA),
            (band, cv2.INTER_NEAREST),
            (part.mask, cv2.INTER_NEAREST),
        )
    )
    if not seam.any() or min(np.subtract(small.shape, rim.shape)[:2]) < 0:
        return None
    cost: np.ndarray = cv2.matchTemplate(small, rim, cv2.TM_SQDIFF, mask=seam)
    if occupied is not None and inside.any():
        taken = cv2.resize(
            occupied, small.shape[1::-1], interpolation=cv2.INTER_NEAREST
        )
        overlap = cv2.matchTemplate(
            taken.astype(np.float32), inside.astype(np.float32), cv2.TM_CCORR
        )
        cost = np.where(overlap > max_overlap * inside.sum(), np.inf, cost)
    best = np.unravel_index(int(cost.argmin()), cost.shape)
    if not np.isfinite(cost[best]):
        return None
    place = min(round(best[0] / scale), room[0]), min(round(best[1] / scale), room[1])
    return place, float(np.sqrt(max(cost[best], 0) / (3 * int(seam.sum()))))
