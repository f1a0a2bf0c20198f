import numpy as np

from mpc_mmseg.evaluation.functional.confusion import f1, iou, mcc, precision, recall

from .convention import CONVENTIONS, Convention, ScoredImage


@CONVENTIONS.register_module('native')
class NativeConvention(Convention):
    """This project's own scores: nothing is resized, undefined scores are left out.

    AP, AUC and the best F1 of an image are within the bounds of `ScoreHistogram`.
    """

    explanation = (
        'Localization is scored on forged images alone, at native size, mean over '
        'images; for authentic ones the area falsely predicted forged is reported. A '
        'score that is undefined for an image (precision where nothing is predicted '
        'forged, AUC where all is forged) is left out of the mean, never taken as 0 '
        'or 1; n is the number of remaining images.'
    )

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
        if image.histogram.has_both:
            scores['AP'] = image.histogram.average_precision()
            scores['AUC'] = image.histogram.roc_auc()
            scores['best_F1'] = image.histogram.best_f1()[0]
        return {name: value for name, value in scores.items() if not np.isnan(value)}

    def score_bounds(self, image: ScoredImage) -> dict[str, tuple[float, float]]:
        if not image.forged or not image.histogram.has_both:
            return {}
        return {
            'AP': image.histogram.average_precision_bounds(),
            'AUC': image.histogram.roc_auc_bounds(),
        }
