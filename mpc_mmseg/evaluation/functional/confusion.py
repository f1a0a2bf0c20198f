"""Pixel counts of a predicted mask against the ground truth, and scores from them.

``empty`` is the value of a score where it is undefined: conventions differ there.
"""

from dataclasses import dataclass
from math import sqrt

import cv2
import numpy as np

_FORGED, _IGNORED = 1, 255
# The MPC convention's IoU is tp / (union + 1e-6), to the last bit.
_IOU_EPSILON = 1e-6


@dataclass(frozen=True)
class Confusion:
    """Pixels by prediction and ground truth; forged is the positive class."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0

    @property
    def total(self) -> int:
        """Pixels counted, without ignored ones."""
        return self.tp + self.fp + self.fn + self.tn


def count_confusion(pred: np.ndarray, gt: np.ndarray) -> Confusion:
    """Counts the pixels of one image.

    Args:
        pred: (H, W) booleans or uint8; nonzero is predicted forged.
        gt: (H, W) integers or booleans; 1 forged, 0 authentic, 255 ignored.

    Raises:
        ValueError: If the shapes differ or are not (H, W), or ``gt`` has another
            label.
    """
    if pred.shape != gt.shape or pred.ndim != 2:
        raise ValueError(
            f'prediction and ground truth must be (H, W) alike, got {pred.shape} and '
            f'{gt.shape}'
        )
    forged, authentic = class_masks(gt)
    predicted = (pred if pred.dtype == bool else pred != 0).view(np.uint8)
    n_forged, n_authentic = cv2.countNonZero(forged), cv2.countNonZero(authentic)
    tp = cv2.countNonZero(predicted & forged)
    fp = cv2.countNonZero(predicted & authentic)
    return Confusion(tp, fp, n_forged - tp, n_authentic - fp)


def class_masks(gt: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Splits the ground truth into forged and authentic pixels.

    Args:
        gt: (H, W) integers or booleans; 1 forged, 0 authentic, 255 ignored.

    Returns:
        Two (H, W) uint8 maps of 0 and 1.

    Raises:
        ValueError: If ``gt`` has another label.
    """
    forged = (gt == _FORGED).view(np.uint8)
    authentic = (gt == 0).view(np.uint8)
    n_known = cv2.countNonZero(forged) + cv2.countNonZero(authentic)
    if n_known != gt.size and n_known + np.count_nonzero(gt == _IGNORED) != gt.size:
        bad = sorted({int(v) for v in np.unique(gt)} - {0, _FORGED, _IGNORED})
        raise ValueError(f'the ground truth must be 0, 1 and 255, found {bad[:5]}')
    return forged, authentic


def precision(counts: Confusion, empty: float) -> float:
    """Share of forged pixels among those predicted forged."""
    return _ratio(counts.tp, counts.tp + counts.fp, empty)


def recall(counts: Confusion, empty: float) -> float:
    """Share of the forged pixels that are predicted forged."""
    return _ratio(counts.tp, counts.tp + counts.fn, empty)


def f1(counts: Confusion, empty: float) -> float:
    """F1 of the forged class."""
    return _ratio(2 * counts.tp, 2 * counts.tp + counts.fp + counts.fn, empty)


def iou(counts: Confusion, empty: float) -> float:
    """IoU of the forged class."""
    return _ratio(counts.tp, counts.tp + counts.fp + counts.fn, empty)


def mcc(counts: Confusion, empty: float) -> float:
    """Matthews correlation coefficient, in -1..1; undefined with one class only."""
    tp, fp, fn, tn = counts.tp, counts.fp, counts.fn, counts.tn
    # Python's integers do not overflow where four pixel counts are multiplied.
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return (tp * tn - fp * fn) / sqrt(product) if product else empty


def mpc_scores(counts: Confusion) -> tuple[float, float]:
    """F1 and IoU of an image's forged class by the MPC convention.

    Nothing forged and nothing predicted forged: F1 = 0 and IoU = 1.
    """
    union = counts.tp + counts.fp + counts.fn
    iou = counts.tp / (union + _IOU_EPSILON) if union else 1.0
    return f1(counts, empty=0.0), iou


def _ratio(part: int, whole: int, empty: float) -> float:
    return part / whole if whole else empty
