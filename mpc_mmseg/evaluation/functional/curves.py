"""Average precision, ROC AUC and best F1: threshold-free scores.

`ScoreHistogram` scores a data set of any size in constant memory; pixels of one bin
count as ties, and the bounds of the error follow from its counts.
"""

import numpy as np
from scipy.special import digamma

from .confusion import class_masks

# A bin is a float with ten bits of mantissa, of p up to 0.5 and of 1 - p above:
# 0.00025 wide in the middle and ever finer towards 0 and 1: the maps of a cautious
# model are near 0 and those of an untrained one near a single value.
_SHIFT = 23 - 10
# Below 2**-24 there is one bin: float32 has no counterpart of such p near 1.
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
            raise ValueError(f'map is {prob.shape} but ground truth is {gt.shape}')
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

    def inverted(self) -> 'ScoreHistogram':
        """The histogram of the inverted map, 1 - p: bins are symmetric about a half."""
        other = ScoreHistogram()
        other.counts = self.counts[:, ::-1]
        return other

    def average_precision(self) -> float:
        """Area under the precision-recall curve as a sum of steps."""
        tp, fp = self._steps()
        gained = np.diff(tp, prepend=0)
        return float(np.sum(tp / np.maximum(tp + fp, 1) * gained) / tp[-1])

    def roc_auc(self) -> float:
        """Chance that a positive outscores a negative; ties count half."""
        tp, fp = self._steps()
        both = tp + np.concatenate([[0], tp[:-1]])
        # Whole numbers up to 2**63: exact for ten images of 12 megapixels pooled, and
        # floats for more.
        dtype = np.int64 if float(tp[-1]) * float(fp[-1]) < 2**61 else np.float64
        doubled = np.sum(np.diff(fp, prepend=0).astype(dtype) * both.astype(dtype))
        return float(doubled) / (2 * float(tp[-1]) * float(fp[-1]))

    def best_f1(self) -> tuple[float, float]:
        """The highest F1 of any threshold, and the number that forged pixels exceed."""
        tp, fp = self._steps()
        scores = 2 * tp / (tp + fp + tp[-1])
        best = int(np.argmax(scores))
        return float(scores[best]), _threshold_below(N_BINS - 1 - best)

    def roc_auc_bounds(self) -> tuple[float, float]:
        """Bounds of the AUC of the unbinned scores: pairs of one bin count 0 to 1."""
        pairs = float(np.prod(self.counts.sum(axis=1), dtype=np.float64))
        doubt = float(np.sum(np.prod(self.counts, axis=0, dtype=np.float64))) / pairs
        return self.roc_auc() - doubt / 2, self.roc_auc() + doubt / 2

    def average_precision_bounds(self) -> tuple[float, float]:
        """Bounds of that of the unbinned scores.

        In each bin, the forged pixels come first at best and last at worst.
        """
        tp, fp = self._steps()
        gained, lost = np.diff(tp, prepend=0), np.diff(fp, prepend=0)
        some = gained > 0
        tp, fp, gained, lost = tp[some], fp[some], gained[some], lost[some]

        def area(alarms: np.ndarray) -> float:
            # Sum of the precisions (tp0 + i) / (tp0 + i + alarms), i = 1..gained.
            harmonic = digamma(tp + alarms + 1) - digamma(tp - gained + alarms + 1)
            return float(np.sum(gained - alarms * harmonic) / tp[-1])

        return area(fp), area(fp - lost)

    def _steps(self) -> tuple[np.ndarray, np.ndarray]:
        """True and false positives per bin, as the threshold falls."""
        if not self.has_both:
            absent = 'forged' if not self.counts[1].any() else 'authentic'
            raise ValueError(f'curves need both classes: there is no {absent} pixel')
        authentic, forged = self.counts[:, ::-1].cumsum(axis=1)
        return forged, authentic


def _bin_of(prob: np.ndarray) -> np.ndarray:
    prob = np.ascontiguousarray(prob, np.float32)
    # 1 - p is exact in float32 for p above 0.5.
    distance = np.minimum(prob, 1 - prob)
    code = np.maximum((distance.view(np.int32) >> _SHIFT) - _LOWEST, 0)
    # Arithmetic: np.where takes five times as long.
    upper = (prob > 0.5).astype(np.int32)
    return code * (1 - 2 * upper) + upper * (N_BINS - 1)


def _threshold_below(index: int) -> float:
    """The number that only scores of this bin and above exceed."""
    if index == 0:
        return 0.0
    if index > _HALF:
        return 1.0 - float(_edge(N_BINS - index))
    return float(np.nextafter(_edge(index), np.float32(0)))


def _edge(code: int) -> np.float32:
    return np.uint32((code + _LOWEST) << _SHIFT).view(np.float32)


def roc_auc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Chance that a positive outscores a negative, exactly; ties count half.

    From the ranks of the positives (Mann and Whitney, On a Test of Whether one of Two
    Random Variables is Stochastically Larger than the Other, 1947).

    Args:
        scores: (N,) floats.
        labels: (N,) booleans.

    Raises:
        ValueError: If shapes differ, there is a NaN, or one class only.
    """
    scores, labels = np.asarray(scores), np.asarray(labels, bool)
    if scores.shape != labels.shape or scores.ndim != 1:
        raise ValueError(
            f'scores and labels must be (N,), got {scores.shape}, {labels.shape}'
        )
    if np.isnan(scores).any():
        raise ValueError('scores hold a NaN')
    n = int(labels.sum())
    if not 0 < n < labels.size:
        raise ValueError('curves need a positive and a negative, got one class')
    _, of_score, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[of_score]
    above = ranks[labels].sum() - n * (n + 1) / 2
    return float(above / (n * (labels.size - n)))
