"""Average precision, ROC AUC and best F1 of pixels, in constant memory.

From a histogram, so that a data set of any size is scored; `SortedScores` does the
same exactly. How far a histogram may be off follows from its counts, for pixels of one
bin count as ties: see ``roc_auc_bounds`` and ``average_precision_bounds``.
"""

import numpy as np
from scipy.special import digamma

from .confusion import class_masks
from .step_curves import average_precision, best_step, roc_area

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
        return average_precision(*self._cumulated())

    def roc_auc(self) -> float:
        """Chance that a forged pixel outscores an authentic one; ties half."""
        return roc_area(*self._cumulated())

    def best_f1(self) -> tuple[float, float]:
        """Finds the one threshold that suits all these pixels best.

        Returns:
            F1, and the threshold that a forged pixel exceeds; 0 also where it is
            best to call every pixel forged.
        """
        score, step = best_step(*self._cumulated())
        return score, _threshold_below(N_BINS - 1 - step)

    def inverted(self) -> 'ScoreHistogram':
        """The histogram of the inverted map, 1 - p: bins lie alike around a half."""
        other = ScoreHistogram()
        other.counts = self.counts[:, ::-1]
        return other

    def roc_auc_bounds(self) -> tuple[float, float]:
        """Gives between which values the AUC of the unbinned scores lies.

        Pairs within one bin are counted half; sorted, they count 0 to 1.
        """
        pairs = float(np.prod(self.counts.sum(axis=1), dtype=np.float64))
        doubt = float(np.sum(np.prod(self.counts, axis=0, dtype=np.float64))) / pairs
        return self.roc_auc() - doubt / 2, self.roc_auc() + doubt / 2

    def average_precision_bounds(self) -> tuple[float, float]:
        """Gives between which values that of the unbinned scores lies.

        In each bin, the forged pixels come first at best and last at worst.
        """
        tp, fp = self._cumulated()
        gained, lost = np.diff(tp, prepend=0), np.diff(fp, prepend=0)
        some = gained > 0
        tp, fp, gained, lost = tp[some], fp[some], gained[some], lost[some]

        def area(alarms: np.ndarray) -> float:
            # The precisions (tp0 + i) / (tp0 + i + alarms), i = 1..gained, add up so.
            harmonic = digamma(tp + alarms + 1) - digamma(tp - gained + alarms + 1)
            return float(np.sum(gained - alarms * harmonic) / tp[-1])

        return area(fp), area(fp - lost)

    def _cumulated(self) -> tuple[np.ndarray, np.ndarray]:
        """Gives the true and false positives as the threshold falls."""
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
