import numpy as np

from mpc_mmseg.evaluation.functional.confusion import f1, iou, mcc, precision, recall
from mpc_mmseg.evaluation.functional.curves import SortedScores

from .convention import CONVENTIONS, Convention, ScoredImage

_CURVES = ('histogram', 'exact')


@CONVENTIONS.register_module('native')
class NativeConvention(Convention):
    """This project's own scores: nothing resized, nothing undefined averaged in.

    Args:
        curves: How AP, AUC and the best F1 of an image are found: 'histogram' in
            constant memory, within the bounds that `ScoreHistogram` states, or
            'exact' by sorting its pixels, several times as slow.

    Raises:
        ValueError: If ``curves`` is another word.
    """

    explanation = (
        'Localization is scored on forged images alone, at native size, mean over '
        'images; authentic ones are reported as the area falsely predicted forged. A '
        'score that is undefined for an image (precision where nothing is called '
        'forged, AUC where all is forged) is left out of the mean, never taken as 0 '
        'or 1; n says how many images remain.'
    )

    def __init__(self, curves: str = 'histogram') -> None:
        if curves not in _CURVES:
            raise ValueError(f'curves must be one of {_CURVES}, got {curves!r}')
        self.exact = curves == 'exact'

    def score_image(self, image: ScoredImage) -> dict[str, float]:
        counts = image.counts
        if not image.forged:
            if not counts.total:
                return {}
            return {'false_alarm_area': counts.fp / counts.total}
        scores = {
            'F1': f1(counts, empty=np.nan),
            'IoU': iou(counts, empty=np.nan),
            'precision': precision(counts, empty=np.nan),
            'recall': recall(counts, empty=np.nan),
            'MCC': mcc(counts, empty=np.nan),
        }
        if _has_both(image):
            curves = (
                SortedScores.of_map(image.prob, image.truth)
                if self.exact
                else image.histogram
            )
            scores['AP'] = curves.average_precision()
            scores['AUC'] = curves.roc_auc()
            scores['best_F1'] = curves.best_f1()[0]
        return {name: value for name, value in scores.items() if not np.isnan(value)}

    def score_bounds(self, image: ScoredImage) -> dict[str, tuple[float, float]]:
        if self.exact or not image.forged or not _has_both(image):
            return {}
        return {
            'AP': image.histogram.average_precision_bounds(),
            'AUC': image.histogram.roc_auc_bounds(),
        }


def _has_both(image: ScoredImage) -> bool:
    counts = image.counts
    return bool(counts.tp + counts.fn and counts.fp + counts.tn)
