"""The result for one image: probability map, mask, scores and what is stated of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mpc_mmseg.probability import binarize

from .judgement import judge
from .regions import Region

if TYPE_CHECKING:
    from mpc_mmseg.datasets.io.file_kind import FileKind
    from mpc_mmseg.evaluation.image_calibration import ImageCalibration


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
            without a calibration (tools/calibrate.py) that holds for the image.
        verdict: 'forged', 'authentic' or 'inconclusive'; None in the same case.
        regions: Connected components of the mask, the largest first.
        statement: Verdict and regions in words, see `Judgement`.
        caveats: What the numbers mean.
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
    statement: str | None = None
    caveats: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def prediction_of(
    path: str | None,
    image: np.ndarray,
    prob: np.ndarray,
    threshold: float,
    calibration: ImageCalibration | None,
    kind: FileKind | None,
    settings: Mapping[str, Any],
) -> Prediction:
    """Derives mask, scores and judgement from a map (H, W) float32 in 0..1.

    Args:
        path, image, prob: As of `Prediction`.
        threshold, calibration, kind, settings: See `judge`.
    """
    mask = binarize(prob, threshold).view(np.uint8)
    judgement = judge(prob, mask, threshold, calibration, kind, settings)
    return Prediction(
        path=path,
        image=image,
        prob=prob,
        mask=mask,
        image_score=float(prob.max()),
        forged_share=float(mask.mean()),
        **vars(judgement),
    )
