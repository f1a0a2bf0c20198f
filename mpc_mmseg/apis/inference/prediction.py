"""The result for one image: probability map, mask, scores and regions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mpc_mmseg.evaluation.probability_map import image_score, map_features
from mpc_mmseg.probability import binarize

if TYPE_CHECKING:
    from mpc_mmseg.evaluation.image_calibration import ImageCalibration

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


@dataclass(frozen=True)
class Prediction:
    """The result for one image.

    Attributes:
        path: The image's file; None if the image was not a file.
        error: Why the prediction failed; None if it succeeded. If it failed, all
            fields below are None.
        image: (H, W, 3) uint8 BGR, upright; the maps have its height and width.
        prob: (H, W) float32; probability that each pixel is forged.
        mask: (H, W) uint8; 1 forged, 0 authentic.
        image_score: The highest probability of the map.
        forged_share: Share of pixels predicted forged.
        forged_probability: Calibrated probability that the image is forged; None
            if the checkpoint has no calibration (tools/calibrate.py), or with tiles
            or test-time augmentation, for which the calibration does not hold.
        verdict: 'forged', 'authentic' or 'inconclusive' at the calibration's
            false-alarm rate; None in the same cases.
        regions: Connected components of the mask, the largest first.
        warnings: Damage of the file, which may be what the map shows.
    """

    path: str | None
    error: str | None = None
    image: np.ndarray | None = None
    prob: np.ndarray | None = None
    mask: np.ndarray | None = None
    image_score: float | None = None
    forged_share: float | None = None
    forged_probability: float | None = None
    verdict: str | None = None
    regions: tuple[Region, ...] | None = None
    warnings: tuple[str, ...] = ()


def prediction_of(
    path: str | None,
    image: np.ndarray,
    prob: np.ndarray,
    threshold: float,
    calibration: ImageCalibration | None,
) -> Prediction:
    """Derives mask, scores, verdict and regions from a map (H, W) float32 in 0..1."""
    mask = binarize(prob, threshold).view(np.uint8)
    probability, verdict = None, None
    if calibration is not None:
        score = calibration.score(map_features(prob))
        probability = calibration.probability(score)
        verdict = calibration.verdict(score)
    return Prediction(
        path=path,
        image=image,
        prob=prob,
        mask=mask,
        image_score=image_score(prob),
        forged_share=float(mask.mean()),
        forged_probability=probability,
        verdict=verdict,
        regions=find_regions(prob, mask),
    )


def find_regions(
    prob: np.ndarray, mask: np.ndarray, most: int = MOST
) -> tuple[Region, ...]:
    """Finds the connected components of a mask.

    Args:
        prob: (H, W) probabilities.
        mask: (H, W) uint8; nonzero is forged.
        most: Maximum number of components to return.

    Returns:
        The components by decreasing area; of equal ones the upper left one first.

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
