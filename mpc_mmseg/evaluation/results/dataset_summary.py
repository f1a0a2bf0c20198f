"""Scores of data sets from records of images, with intervals."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np

from mpc_mmseg.evaluation.conventions.convention import Convention
from mpc_mmseg.evaluation.functional.curves import ScoreHistogram, roc_auc
from mpc_mmseg.evaluation.functional.image_level import image_level_scores
from mpc_mmseg.evaluation.functional.resampling import (
    bootstrap_intervals,
    group_numbers,
)

from .image_record import ImageRecord

IMAGE = 'image'
MEAN = 'mean'


def score_images(
    records: Sequence[ImageRecord],
    conventions: Sequence[Convention],
    threshold: float,
    weights: np.ndarray,
) -> dict[str, np.ndarray]:
    """Scores one data set by every convention, as of `summarize_dataset`.

    Args:
        records: Its N images.
        conventions: The conventions.
        threshold: Of an image's score.
        weights: (B, N) how often each image counts.

    Returns:
        ``convention.score`` and ``image.score`` -> (B,) floats, NaN if undefined.
    """
    result: dict[str, np.ndarray] = {}
    for convention in conventions:
        start = f'{convention.name}.'
        columns = {
            name.removeprefix(start): column_of(records, name)
            for name in dict.fromkeys(n for r in records for n in r.scores)
            if name.startswith(start)
        }
        for name, values in convention.score_dataset(columns, weights).items():
            result[start + name] = values
    forged = np.array([record.forged for record in records])
    if forged.any() and not forged.all():
        scores = np.array([record.image_score for record in records])
        levels = image_level_scores(scores, forged, threshold, weights)
        result |= {f'{IMAGE}.{name}': values for name, values in levels.items()}
    return result


def column_of(records: Sequence[ImageRecord], name: str) -> np.ndarray:
    """One score of each image, (N,), NaN if undefined."""
    return np.array([record.scores.get(name, np.nan) for record in records])


def summarize_dataset(
    records: Sequence[ImageRecord],
    conventions: Sequence[Convention],
    pooled: Mapping[str, float],
    pooled_bounds: Mapping[str, tuple[float, float]],
    threshold: float = 0.5,
    n_resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Scores one data set with 95 % bootstrap intervals.

    Args:
        records: Its images; those of one ``source`` are drawn together.
        conventions: The conventions of the images' scores.
        pooled: Scores of its pixels, without interval.
        pooled_bounds: Bounds of those that are not exact.
        threshold: Threshold of an image's score.
        n_resamples: Number of bootstrap samples.
        seed: Of NumPy's generator.

    Returns:
        Counts, and ``scores``: name -> ``value``, ``low``, ``high``, ``n`` and, if it
        is not exact, ``bounds``, as docs/evaluation.md describes.
    """
    ones = np.ones((1, len(records)))
    values = score_images(records, conventions, threshold, ones)
    groups = group_numbers([record.source for record in records])
    intervals = bootstrap_intervals(
        lambda w: score_images(records, conventions, threshold, w),
        groups,
        n_resamples,
        seed,
    )
    n_forged = sum(record.forged for record in records)
    scores: dict[str, Any] = {}
    for name, [value] in values.items():
        if np.isnan(value):
            continue
        low, high = intervals.get(name) or (None, None)
        # A score of several columns is of all images.
        n = int(np.sum(~np.isnan(column_of(records, name)))) or len(records)
        scores[name] = {'value': float(value), 'low': low, 'high': high, 'n': n}
    for name, value in pooled.items():
        scores[name] = {'value': value, 'low': None, 'high': None, 'n': n_forged}
    bounds = {name: list(ends) for name, ends in pooled_bounds.items()}
    for name in dict.fromkeys(name for r in records for name in r.bounds):
        ends = [r.bounds[name] for r in records if name in r.bounds]
        bounds.setdefault(name, np.mean(ends, axis=0).tolist())
    for name in bounds.keys() & scores.keys():
        scores[name]['bounds'] = bounds[name]
    return {
        'n_images': len(records),
        'n_forged': n_forged,
        'n_authentic': len(records) - n_forged,
        'n_groups': int(groups.max()) + 1,
        'scores': scores,
    }


def summarize(records: Sequence[ImageRecord]) -> dict[str, float]:
    """Scores each data set, then averages over data sets.

    Authentic images count in ``image_AUC`` and ``false_alarm_area`` alone.

    Args:
        records: All images, in any order.

    Returns:
        ``{data set}/{score}`` and ``mean/{F1, IoU, score}``, in 0..1; undefined scores
        are absent.

    Raises:
        ValueError: If a data set is named 'mean'.
    """
    by_dataset: dict[str, list[ImageRecord]] = {}
    for record in records:
        by_dataset.setdefault(record.dataset, []).append(record)
    if MEAN in by_dataset:
        raise ValueError(f"a data set cannot be named '{MEAN}': that is the average")
    scores = {
        f'{name}/{score}': value
        for name, images in by_dataset.items()
        for score, value in _plain_scores(images).items()
    }
    for score in ('F1', 'IoU'):
        values = [scores[k] for n in by_dataset if (k := f'{n}/{score}') in scores]
        if values:
            scores[f'{MEAN}/{score}'] = fmean(values)
    if f'{MEAN}/F1' in scores:
        scores[f'{MEAN}/score'] = (scores[f'{MEAN}/F1'] + scores[f'{MEAN}/IoU']) / 2
    return scores


def _plain_scores(images: list[ImageRecord]) -> dict[str, float]:
    forged = [image for image in images if image.forged]
    authentic = [image for image in images if not image.forged]
    scores: dict[str, float] = {}
    if forged:
        f1s, ious = zip(*(image.f1_and_iou for image in forged))
        scores.update(F1=fmean(f1s), IoU=fmean(ious))
    pooled = _pooled(images)
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


def pooled_bounds(images: Sequence[ImageRecord]) -> dict[str, tuple[float, float]]:
    """Bounds of the pooled scores of a data set's images, as of `summarize`."""
    pooled = _pooled(images)
    if not pooled.has_both:
        return {}
    return {
        'pooled_AP': pooled.average_precision_bounds(),
        'pooled_AUC': pooled.roc_auc_bounds(),
    }


def _pooled(images: Sequence[ImageRecord]) -> ScoreHistogram:
    pooled = ScoreHistogram()
    for image in images:
        if image.histogram is not None and image.forged:
            pooled += image.histogram
    return pooled
