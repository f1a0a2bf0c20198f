"""Regions of a mask: its connected components."""

from dataclasses import dataclass

import cv2
import numpy as np

#: A noisy mask has thousands of components; only the largest are reported.
MOST = 100


@dataclass(frozen=True)
class Region:
    """A connected component of a mask, with diagonal neighbours included.

    Attributes:
        box: (x, y, width, height) of its bounding box.
        area: Number of pixels.
        mean_score: Mean probability of its pixels.
    """

    box: tuple[int, int, int, int]
    area: int
    mean_score: float


def find_regions(prob: np.ndarray, mask: np.ndarray) -> tuple[Region, ...]:
    """Finds the connected components of a mask (H, W) uint8 by decreasing area.

    Of equal ones the upper left one is first.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask, connectivity=8, ltype=cv2.CV_32S
    )
    areas = stats[1:, cv2.CC_STAT_AREA]
    regions = []
    for label in 1 + np.argsort(-areas, kind='stable')[:MOST]:
        x, y, width, height, area = (int(value) for value in stats[label])
        window = slice(y, y + height), slice(x, x + width)
        inside = labels[window] == label
        score = float(prob[window].mean(dtype=np.float64, where=inside))
        regions.append(Region((x, y, width, height), area, score))
    return tuple(regions)
