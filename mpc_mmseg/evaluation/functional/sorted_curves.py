"""Average precision, ROC AUC and best F1 exactly, by sorting the scores."""

import numpy as np

from .confusion import class_masks
from .step_curves import average_precision, best_step, roc_area


class SortedScores:
    """Positives and negatives at each distinct score, highest first.

    Exact where `ScoreHistogram` is within a bound, at the price of a sort and of
    memory that grows with the number of scores.

    Args:
        scores: (N,) floats.
        labels: (N,) booleans.

    Raises:
        ValueError: If shapes differ, there is a NaN, or one class is absent.
    """

    def __init__(self, scores: np.ndarray, labels: np.ndarray) -> None:
        scores, labels = np.asarray(scores), np.asarray(labels, bool)
        if scores.shape != labels.shape or scores.ndim != 1:
            raise ValueError(
                f'scores and labels must be (N,), got {scores.shape}, {labels.shape}'
            )
        if np.isnan(scores).any():
            raise ValueError('scores hold a NaN')
        if labels.all() or not labels.any():
            raise ValueError('curves need a positive and a negative, got one class')
        order = np.argsort(scores)[::-1]
        scores, labels = scores[order], labels[order]
        # Equal scores cannot be told apart by a threshold: one step for all of them.
        last = np.append(np.flatnonzero(np.diff(scores)), scores.size - 1)
        self.thresholds = scores[last]
        self.tp = np.cumsum(labels)[last]
        self.fp = 1 + last - self.tp

    @classmethod
    def of_map(cls, prob: np.ndarray, gt: np.ndarray) -> 'SortedScores':
        """Sorts the pixels of an image.

        Args:
            prob: (H, W) floats.
            gt: (H, W) integers; 1 forged, 0 authentic, 255 ignored.
        """
        if prob.shape != gt.shape:
            raise ValueError(f'map is {prob.shape} but truth is {gt.shape}')
        forged, authentic = class_masks(gt)
        counted = (forged | authentic).view(bool)
        return cls(prob[counted], forged.view(bool)[counted])

    def average_precision(self) -> float:
        """Area under the precision-recall curve as a sum of steps."""
        return average_precision(self.tp, self.fp)

    def roc_auc(self) -> float:
        """Chance that a positive outscores a negative; ties count half."""
        return roc_area(self.tp, self.fp)

    def best_f1(self) -> tuple[float, float]:
        """Finds the best F1, and the lowest score that is called positive for it."""
        score, step = best_step(self.tp, self.fp)
        return score, float(self.thresholds[step])


def roc_auc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Chance that a positive outscores a negative, exactly; ties count half.

    Args:
        scores: (N,) floats.
        labels: (N,) booleans.

    Raises:
        ValueError: If there is a NaN, or one class only.
    """
    return SortedScores(scores, labels).roc_auc()
