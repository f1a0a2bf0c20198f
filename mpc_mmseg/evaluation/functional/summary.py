"""From what is kept of each image to the scores of data sets."""

from collections.abc import Sequence
from statistics import fmean

import numpy as np

from mpc_mmseg.evaluation.results.image_record import ImageRecord

from .confusion import mpc_scores
from .curves import ScoreHistogram
from .sorted_curves import roc_auc

MEAN = 'mean'


def summarize(
    records: Sequence[ImageRecord], authentic_as_zero: bool = False
) -> dict[str, float]:
    """Scores each data set, then averages over data sets.

    Args:
        records: All images, in any order.
        authentic_as_zero: Whether each authentic image counts as F1 = 0 and
            IoU = 0 and its pixels among the pooled ones; else they count in
            ``image_AUC`` and ``false_alarm_area`` alone.

    Returns:
        ``{data set}/{score}`` and ``mean/{F1, IoU, score}``, in 0..1. A score
        that is undefined, for want of forged or authentic images, is absent.

    Raises:
        ValueError: If a data set is called 'mean'.
    """
    by_dataset: dict[str, list[ImageRecord]] = {}
    for record in records:
        by_dataset.setdefault(record.dataset, []).append(record)
    if MEAN in by_dataset:
        raise ValueError(f"a data set cannot be called '{MEAN}': that is the average")
    scores = {
        f'{name}/{score}': value
        for name, images in by_dataset.items()
        for score, value in _score_dataset(images, authentic_as_zero).items()
    }
    for score in ('F1', 'IoU'):
        values = [scores[k] for n in by_dataset if (k := f'{n}/{score}') in scores]
        if values:
            scores[f'{MEAN}/{score}'] = fmean(values)
    if f'{MEAN}/F1' in scores:
        scores[f'{MEAN}/score'] = (scores[f'{MEAN}/F1'] + scores[f'{MEAN}/IoU']) / 2
    return scores


def _score_dataset(
    images: list[ImageRecord], authentic_as_zero: bool
) -> dict[str, float]:
    forged = [image for image in images if image.forged]
    authentic = [image for image in images if not image.forged]
    scores: dict[str, float] = {}
    pairs = [mpc_scores(image.counts) for image in forged]
    if authentic_as_zero:
        pairs += [(0.0, 0.0)] * len(authentic)
    if pairs:
        f1s, ious = zip(*pairs)
        scores.update(F1=fmean(f1s), IoU=fmean(ious))
    pooled = _pooled(images, authentic_as_zero)
    if pooled.has_both:
        scores['pooled_AP'] = pooled.average_precision()
        scores['pooled_AUC'] = pooled.roc_auc()
        scores['best_F1'], scores['best_threshold'] = pooled.best_f1()
    if forged and authentic:
        values = np.array([image.image_score for image in images])
        labels = np.array([image.forged for image in images])
        scores['image_AUC'] = roc_auc(values, labels)
    alarms = [a.counts.fp / a.counts.total for a in authentic if a.counts.total]
    if alarms:
        scores['false_alarm_area'] = fmean(alarms)
    return scores


def pooled_bounds(
    images: Sequence[ImageRecord], authentic_as_zero: bool = False
) -> dict[str, tuple[float, float]]:
    """Gives between which values the pooled scores of a data set's pixels lie.

    Args:
        images: Of one data set.
        authentic_as_zero: As of `summarize`.
    """
    pooled = _pooled(images, authentic_as_zero)
    if not pooled.has_both:
        return {}
    return {
        'pooled_AP': pooled.average_precision_bounds(),
        'pooled_AUC': pooled.roc_auc_bounds(),
    }


def _pooled(images: Sequence[ImageRecord], authentic_as_zero: bool) -> ScoreHistogram:
    return pooled_histogram([i for i in images if i.forged or authentic_as_zero])


def pooled_histogram(images: Sequence[ImageRecord]) -> ScoreHistogram:
    """Adds up the pixels of images, moved to whichever of them."""
    pooled = ScoreHistogram()
    for image in images:
        if image.histogram is not None:
            pooled += image.histogram
    return pooled
