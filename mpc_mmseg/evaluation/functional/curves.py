"""Scores that need no threshold: average precision, ROC AUC, best F1.

Those of pixels come from a histogram, so that a data set of any size is scored
in constant memory; those of images from the scores themselves.
"""

import numpy as np
from scipy.stats import rankdata

from .confusion import class_masks

# A bin is a float with ten bits of mantissa, of p up to 0.5 and of 1 - p above:
# 0.00025 wide in the middle and ever finer towards 0 and 1, since the maps of a
# cautious model crowd near 0 and those of an untrained one round a single value.
_SHIFT = 23 - 10
# Below 2**-24 all is one bin: float32 tells no such p from 1 on the other side.
_LOWEST = (127 - 24) << (23 - _SHIFT)
_HALF = ((127 - 1) << (23 - _SHIFT)) - _LOWEST
N_BINS = 2 * _HALF + 1


class ScoreHistogram:
    """Forged and authentic pixels per bin of probability; histograms add up.

    Attributes:
        counts: (2, N_BINS) int64; authentic pixels, then forged ones.
    """

    def __init__(self) -> None:
        self.counts = np.zeros((2, N_BINS), np.int64)

    @classmethod
    def of_map(cls, prob: np.ndarray, gt: np.ndarray) -> 'ScoreHistogram':
        """Counts the pixels of one image.

        Args:
            prob: (H, W) probabilities in 0..1.
            gt: (H, W) integers; 1 forged, 0 authentic, 255 ignored.

        Raises:
            ValueError: If shapes differ, or a value is out of range or NaN.
        """
        if prob.shape != gt.shape:
            raise ValueError(f'map is {prob.shape} but truth is {gt.shape}')
        if prob.size and not (prob.min() >= 0 and prob.max() <= 1):
            raise ValueError('map has values outside 0..1 or NaN')
        forged, authentic = class_masks(gt)
        # Row 0 authentic, 1 forged, 2 ignored.
        row = (2 - 2 * authentic - forged).astype(np.int32)
        cells = (row * N_BINS + _bin_of(prob)).ravel()
        histogram = cls()
        counts = np.bincount(cells, minlength=3 * N_BINS).reshape(3, N_BINS)
        histogram.counts += counts[:2]
        return histogram

    def __iadd__(self, other: 'ScoreHistogram') -> 'ScoreHistogram':
        """Adds other pixels to these."""
        self.counts += other.counts
        return self

    @property
    def has_both(self) -> bool:
        """Whether there are pixels of both classes, which curves need."""
        return bool(self.counts.any(axis=1).all())

    def average_precision(self) -> float:
        """Area under the precision-recall curve as a sum of steps."""
        tp, fp = self._cumulated()
        called = np.maximum(tp + fp, 1)
        gained = np.diff(tp, prepend=0)
        return float(np.sum(tp / called * gained) / tp[-1])

    def roc_auc(self) -> float:
        """Chance that a forged pixel outscores an authentic one; ties half."""
        tp, fp = self._cumulated()
        tpr, fpr = (np.concatenate([[0.0], n / n[-1]]) for n in (tp, fp))
        return float(np.sum(np.diff(fpr) * (tpr[1:] + tpr[:-1]) / 2))

    def best_f1(self) -> tuple[float, float]:
        """Finds the one threshold that suits all these pixels best.

        Returns:
            F1, and the threshold that a forged pixel exceeds; 0 also where it is
            best to call every pixel forged.
        """
        tp, fp = self._cumulated()
        scores = 2 * tp / (tp + fp + tp[-1])
        best = int(np.argmax(scores))
        return float(scores[best]), _threshold_below(N_BINS - 1 - best)

    def _cumulated(self) -> tuple[np.ndarray, np.ndarray]:
        """Gives the true and false positives as the threshold falls."""
        if not self.has_both:
            absent = 'forged' if not self.counts[1].any() else 'authentic'
            raise ValueError(f'curves need both classes: there is no {absent} pixel')
        authentic, forged = self.counts[:, ::-1].cumsum(axis=1)
        return forged, authentic


def roc_auc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Chance that a positive outscores a negative, exactly; ties count half.

    Args:
        scores: (N,) floats.
        labels: (N,) booleans.

    Raises:
        ValueError: If there is a NaN, or one class only.
    """
    scores, labels = np.asarray(scores, np.float64), np.asarray(labels, bool)
    if scores.shape != labels.shape or scores.ndim != 1:
        raise ValueError(
            f'scores and labels must be (N,), got {scores.shape}, {labels.shape}'
        )
    if np.isnan(scores).any():
        raise ValueError('scores hold a NaN')
    n_positive = int(labels.sum())
    n_negative = labels.size - n_positive
    if not n_positive or not n_negative:
        raise ValueError('roc_auc needs a positive and a negative, got one class')
    # Mann-Whitney: the ranks of the positives, less their ranks among themselves.
    excess = rankdata(scores)[labels].sum() - n_positive * (n_positive + 1) / 2
    return float(excess / (n_positive * n_negative))


def _bin_of(prob: np.ndarray) -> np.ndarray:
    prob = np.ascontiguousarray(prob, np.float32)
    # 1 - p is exact in float32 for p above 0.5.
    distance = np.minimum(prob, 1 - prob)
    code = np.maximum((distance.view(np.int32) >> _SHIFT) - _LOWEST, 0)
    # Arithmetic, for a choice per pixel takes five times as long.
    upper = (prob > 0.5).astype(np.int32)
    return code * (1 - 2 * upper) + upper * (N_BINS - 1)


def _threshold_below(index: int) -> float:
    """Gives the number that scores of this bin and above exceed, and no other."""
    if index == 0:
        return 0.0
    if index > _HALF:
        return 1.0 - float(_edge(N_BINS - index))
    return float(np.nextafter(_edge(index), np.float32(0)))


def _edge(code: int) -> np.float32:
    return np.uint32((code + _LOWEST) << _SHIFT).view(np.float32)
