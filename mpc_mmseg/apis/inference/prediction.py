"""The result for one image: probability map, mask, scores and what is stated of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mpc_mmseg.probability import binarize

from .judgement import Judgement, judge

if TYPE_CHECKING:
    from mpc_mmseg.datasets.io.file_kind import FileKind
    from mpc_mmseg.evaluation.image_calibration import ImageCalibration


@dataclass(frozen=True)
class Prediction(Judgement):
    """The result for one image, with what is stated of it.

    Attributes:
        path: The image's file; None if the image was not a file.
        error: Why the prediction failed, all other fields are then None; or None.
        image: (H, W, 3) uint8 BGR, upright; the maps have its height and width.
        prob: (H, W) float32; probability that each pixel is forged.
        mask: (H, W) uint8; 1 forged, 0 authentic.
        image_score: The highest probability of the map.
        forged_share: Share of pixels predicted forged.
        warnings: Damage of the file, which may be what the map shows.
    """

    path: str | None
    error: str | None = None
    image: np.ndarray | None = None
    prob: np.ndarray | None = None
    mask: np.ndarray | None = None
    image_score: float | None = None
    forged_share: float | None = None
    warnings: tuple[str, ...] = ()


def prediction_of(
    path: str | None,
    image: np.ndarray,
    prob: np.ndarray,
    threshold: float,
    calibration: ImageCalibration | None,
    kind: FileKind | None,
    settings: Mapping[str, Any],
    warnings: tuple[str, ...] = (),
) -> Prediction:
    """Derives mask, scores and what is stated from a map; arguments as of `judge`."""
    mask = binarize(prob, threshold).view(np.uint8)
    return Prediction(
        path=path,
        image=image,
        prob=prob,
        mask=mask,
        image_score=float(prob.max()),
        forged_share=float(mask.mean()),
        warnings=warnings,
        **vars(judge(prob, mask, threshold, calibration, kind, settings)),
    )
