"""The connected parts of a mask: where to look, the largest first."""

from dataclasses import dataclass

import cv2
import numpy as np

#: A mask of specks has thousands of parts; nobody looks at more than these.
MOST = 100


@dataclass(frozen=True)
class Region:
    """A connected part of a mask, diagonal neighbours included.

    Attributes:
        box: (x, y, width, height) of the smallest rectangle around it.
        area: Its pixels.
        mean_score: Mean probability of its pixels.
    """

    box: tuple[int, int, int, int]
    area: int
    mean_score: float


def find_regions(
    prob: np.ndarray, mask: np.ndarray, most: int = MOST
) -> tuple[Region, ...]:
    """Finds the connected parts of a mask.

    Args:
        prob: (H, W) probabilities.
        mask: (H, W) uint8; nonzero is forged.
        most: Parts to give at most.

    Returns:
        The parts from the largest on; of equal ones the upper left one first.

    Raises:
        ValueError: If the shapes differ.
    """
    if prob.shape != mask.shape:
        raise ValueError(f'prob {prob.shape} and mask {mask.shape} differ in shape')
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask, connectivity=8, ltype=cv2.CV_32S
    )
    areas = stats[1:, cv2.CC_STAT_AREA]
    regions = []
    for label in 1 + np.argsort(-areas, kind='stable')[:most]:
        x, y, width, height, area = (int(value) for value in stats[label])
        window = slice(y, y + height), slice(x, x + width)
        inside = labels[window] == label
        score = float(prob[window].mean(dtype=np.float64, where=inside))
        regions.append(Region((x, y, width, height), area, score))
    return tuple(regions)
