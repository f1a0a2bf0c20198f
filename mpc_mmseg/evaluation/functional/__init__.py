"""Pure functions from maps and masks to counts and scores."""

from .confusion import Confusion, count_confusion, f1, iou, mcc, precision, recall
from .curves import ScoreHistogram
from .mpc_convention import binarize, mpc_scores, resize_probability
from .sorted_curves import SortedScores, roc_auc

__all__ = [
    'Confusion',
    'ScoreHistogram',
    'SortedScores',
    'binarize',
    'count_confusion',
    'f1',
    'iou',
    'mcc',
    'mpc_scores',
    'precision',
    'recall',
    'resize_probability',
    'roc_auc',
]
