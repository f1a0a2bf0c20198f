"""Scores of each setting with intervals, and what it changed in each image."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mpc_mmseg.datasets.post_processing import Setting
from mpc_mmseg.evaluation.functional.image_level import image_level_scores
from mpc_mmseg.evaluation.functional.resampling import (
    bootstrap_intervals,
    group_numbers,
    mean_with_interval,
)

FORGED_SCORES = ('F1', 'IoU')
FALSE_ALARMS = 'false_alarm_area'
IMAGE_AUC = 'image_AUC'


def image_values(record: Mapping[str, Any]) -> dict[str, float]:
    """Gives the scores that an image has by itself.

    Args:
        record: Its line of `read_per_image`.

    Returns:
        F1 and IoU of a forged image; the share predicted forged of an authentic one;
        what the metric's conventions, if it has any, make of it.
    """
    values = dict(record.get('scores') or {})
    if record['forged']:
        return {**{name: record[name] for name in FORGED_SCORES}, **values}
    total = sum(record[name] for name in ('tp', 'fp', 'fn', 'tn'))
    return {**({FALSE_ALARMS: record['fp'] / total} if total else {}), **values}


def summarize_setting(
    setting: Setting,
    records: Sequence[Mapping[str, Any]],
    clean: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Scores the images of a setting, and compares each with itself when clean.

    Args:
        setting: What happened to the photographs.
        records: Their lines of `read_per_image`.
        clean: Those of the same photographs without post-processing.

    Returns:
        ``name``, ``family``, ``chain``, ``value`` (of a single step, else None), and
        ``scores`` and ``difference``: data set -> score -> ``value``, ``low``,
        ``high`` (95 % bootstrap interval, None of a single image) and ``n`` images.
        Differences are paired: means over images that have the score in both.
        ``image_AUC``, of telling forged from authentic images by their
        ``image_score``, is there if both kinds are; its difference is over images
        that are of one kind in both, drawn alike.

    Raises:
        ValueError: If the photographs are not the same.
    """
    before = {_key(record): image_values(record) for record in clean}
    after = {_key(record): image_values(record) for record in records}
    if before.keys() != after.keys():
        odd = sorted(before.keys() ^ after.keys())[0]
        raise ValueError(
            f'{setting.name}: the images are not those of the clean run, for instance '
            f'{odd[1]} of {odd[0]!r}'
        )
    source = {_key(record): record.get('source') for record in records}
    one = {_key(record): record for record in records}
    other = {_key(record): record for record in clean}
    scores: dict[str, dict[str, Any]] = {}
    differences: dict[str, dict[str, Any]] = {}
    for dataset in dict.fromkeys(key[0] for key in after):
        keys = [key for key in after if key[0] == dataset]
        scores[dataset], differences[dataset] = {}, {}
        for name in dict.fromkeys(name for key in keys for name in after[key]):
            have = [key for key in keys if name in after[key]]
            both = [key for key in have if name in before[key]]
            scores[dataset][name] = mean_with_interval(
                np.array([after[key][name] for key in have]),
                [source[key] for key in have],
            )
            if both:
                differences[dataset][name] = mean_with_interval(
                    np.array([after[key][name] - before[key][name] for key in both]),
                    [source[key] for key in both],
                )
        own = [one[key] for key in keys]
        _set(scores[dataset], _image_auc(own))
        alike = [key for key in keys if one[key]['forged'] == other[key]['forged']]
        _set(
            differences[dataset],
            _image_auc([one[k] for k in alike], [other[k] for k in alike]),
        )
    single = len(setting.steps) == 1
    return {
        'name': setting.name,
        'family': setting.family,
        'chain': setting.chain,
        'value': setting.steps[0].value if single else None,
        'scores': scores,
        'difference': differences,
    }


def _image_auc(
    records: Sequence[Mapping[str, Any]],
    clean: Sequence[Mapping[str, Any]] | None = None,
) -> dict[str, Any] | None:
    """Gives the AUC over images, or what it gained on the same images when clean."""
    forged = np.array([record['forged'] for record in records], bool)
    if forged.all() or not forged.any():
        return None
    scored = [
        np.array([r['image_score'] for r in own]) for own in (records, clean or ())
    ]

    def auc(weights: np.ndarray) -> dict[str, np.ndarray]:
        values = [
            image_level_scores(scores, forged, weights=weights)['AUC']
            for scores in scored
            if len(scores)
        ]
        return {IMAGE_AUC: values[0] - values[1] if clean is not None else values[0]}

    groups = group_numbers([record.get('source') for record in records])
    low, high = bootstrap_intervals(auc, groups)[IMAGE_AUC] or (None, None)
    value = auc(np.ones((1, len(records))))[IMAGE_AUC]
    return {'value': float(value[0]), 'low': low, 'high': high, 'n': len(records)}


def _set(scores: dict[str, Any], auc: dict[str, Any] | None) -> None:
    if auc is not None:
        scores[IMAGE_AUC] = auc


def _key(record: Mapping[str, Any]) -> tuple[str, str]:
    return record['dataset'], record['img_path']
