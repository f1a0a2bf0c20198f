"""Scores of each setting with intervals, and what it changed in each image."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mpc_mmseg.datasets.post_processing import Setting

from .bootstrap_mean import mean_with_interval

FORGED_SCORES = ('F1', 'IoU')
FALSE_ALARMS = 'false_alarm_area'


def image_values(record: Mapping[str, Any]) -> dict[str, float]:
    """Gives the scores that an image has by itself.

    Args:
        record: Its line of `read_per_image`.

    Returns:
        F1 and IoU of a forged image; the share called forged of an authentic one;
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
    single = len(setting.steps) == 1
    return {
        'name': setting.name,
        'family': setting.family,
        'chain': setting.chain,
        'value': setting.steps[0].value if single else None,
        'scores': scores,
        'difference': differences,
    }


def _key(record: Mapping[str, Any]) -> tuple[str, str]:
    return record['dataset'], record['img_path']
