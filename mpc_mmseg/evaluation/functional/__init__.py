"""Pure functions from maps and masks to counts and scores."""

from .confusion import Confusion, count_confusion, f1, iou, mcc, precision, recall
from .curves import ScoreHistogram, roc_auc
from .mpc_convention import binarize, mpc_scores, resize_probability

__all__ = [
    'Confusion',
    'ScoreHistogram',
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
