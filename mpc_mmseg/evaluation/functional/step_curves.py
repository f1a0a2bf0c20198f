"""Threshold-free scores from true and false positives as the threshold falls.

All take ``tp`` and ``fp``, (K,) integers that rise to the numbers of positives and of
negatives; scores that share a step are ties.
"""

import numpy as np


def average_precision(tp: np.ndarray, fp: np.ndarray) -> float:
    """Area under the precision-recall curve as a sum of steps."""
    gained = np.diff(tp, prepend=0)
    return float(np.sum(tp / np.maximum(tp + fp, 1) * gained) / tp[-1])


def roc_area(tp: np.ndarray, fp: np.ndarray) -> float:
    """Chance that a positive outscores a negative; ties count half."""
    before = np.concatenate([[0], tp[:-1]])
    # Whole numbers up to 2**63: exact for ten images of 12 megapixels pooled, and
    # floats for more.
    dtype = np.int64 if float(tp[-1]) * float(fp[-1]) < 2**61 else np.float64
    doubled = np.sum(np.diff(fp, prepend=0).astype(dtype) * (tp + before).astype(dtype))
    return float(doubled) / (2 * float(tp[-1]) * float(fp[-1]))


def best_step(tp: np.ndarray, fp: np.ndarray) -> tuple[float, int]:
    """Gives the highest F1 of any step, and the first step that has it."""
    scores = 2 * tp / (tp + fp + tp[-1])
    best = int(np.argmax(scores))
    return float(scores[best]), best
