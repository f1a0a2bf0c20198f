import numpy as np

from mpc_mmseg.evaluation.functional.confusion import f1, iou, mcc, precision, recall
from mpc_mmseg.evaluation.functional.curves import SortedScores

from .convention import CONVENTIONS, Convention, ScoredImage

_CURVES = ('histogram', 'exact')


@CONVENTIONS.register_module('native')
class NativeConvention(Convention):
    """This project's own scores: nothing is resized, undefined scores are left out.

    Args:
        curves: 'histogram' computes AP, AUC and the best F1 of an image in constant
            memory, within the bounds of `ScoreHistogram`; 'exact' sorts the pixels,
            several times as slow.

    Raises:
        ValueError: If ``curves`` is another word.
    """

    explanation = (
        'Localization is scored on forged images alone, at native size, mean over '
        'images; for authentic ones the area falsely predicted forged is reported. A '
        'score that is undefined for an image (precision where nothing is predicted '
        'forged, AUC where all is forged) is left out of the mean, never taken as 0 '
        'or 1; n is the number of remaining images.'
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
                SortedScores.of_map(image.prob, image.gt)
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
