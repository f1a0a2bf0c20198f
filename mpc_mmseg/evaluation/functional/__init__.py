"""Pure functions from maps and masks to counts and scores."""

from mpc_mmseg.lazy_names import lazy_names

_WHERE = {
    'Confusion': 'confusion',
    'ScoreHistogram': 'curves',
    'SortedScores': 'curves',
    'count_confusion': 'confusion',
    'f1': 'confusion',
    'iou': 'confusion',
    'mcc': 'confusion',
    'mpc_scores': 'confusion',
    'precision': 'confusion',
    'recall': 'confusion',
    'roc_auc': 'curves',
}
__all__ = list(_WHERE)

__getattr__ = lazy_names(__name__, _WHERE)
