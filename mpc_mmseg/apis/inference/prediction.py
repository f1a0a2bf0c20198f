"""What a model says of one image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mpc_mmseg.evaluation.probability_map import image_score, map_features
from mpc_mmseg.probability import binarize

from .regions import Region, find_regions

if TYPE_CHECKING:
    from mpc_mmseg.evaluation.image_calibration import ImageCalibration


@dataclass(frozen=True)
class Prediction:
    """What a model says of one image.

    Attributes:
        path: The image's file; None if it came without one.
        error: Why there is no prediction; None if there is one. The rest is None
            in that case.
        image: (H, W, 3) uint8 BGR, upright, as the maps lie on it.
        prob: (H, W) float32; probability that each pixel was forged.
        mask: (H, W) uint8; 1 forged, 0 authentic.
        image_score: The highest probability.
        forged_share: Share of the pixels predicted forged.
        forged_probability: Calibrated probability that the image was forged; None
            unless the checkpoint has a calibration (tools/calibrate.py), which is
            one of maps without tiles and test-time augmentation.
        verdict: 'forged', 'authentic' or 'inconclusive' at the false-alarm rate of
            the calibration; None likewise.
        regions: Connected parts of the mask, the largest first.
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


def judged(
    path: str | None,
    image: np.ndarray,
    prob: np.ndarray,
    threshold: float,
    calibration: ImageCalibration | None,
) -> Prediction:
    """Makes a prediction of a map.

    Args:
        path: The image's file; None if it came without one.
        image: (H, W, 3) uint8 BGR.
        prob: (H, W) float32 in 0..1.
        threshold: Probability that a forged pixel exceeds.
        calibration: What makes a verdict of the map; None for none.
    """
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
