"""Scores under post-processing: cache keys, changed pipelines, paired differences."""

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from mmengine.config import Config

from mpc_mmseg.datasets.dataset_configs import innermost_datasets
from mpc_mmseg.datasets.io.s3_backend import read_bytes
from mpc_mmseg.datasets.post_processing import Setting
from mpc_mmseg.evaluation.functional.image_level import image_level_scores
from mpc_mmseg.evaluation.functional.resampling import (
    bootstrap_intervals,
    group_numbers,
    mean_with_interval,
)
from mpc_mmseg.evaluation.results.origin import decisive_settings
from mpc_mmseg.hashing import sha256
from mpc_mmseg.version import __version__

_LOADS_IMAGE = ('LoadForgeryImage', 'LoadImageFromFile')
_LOADS_MASK = ('LoadForgeryMask', 'LoadAnnotations')
FORGED_SCORES = ('F1', 'IoU')
FALSE_ALARMS = 'false_alarm_area'
IMAGE_AUC = 'image_AUC'


def images_hash(samples: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 of the images of a test set and their masks, in order, by content.

    Args:
        samples: As ``dataset.get_data_info(i)`` gives them.

    Raises:
        ValueError: If an image is listed twice in a data set: per-image scores
            would be ambiguous. The message names it.
    """
    digest = hashlib.sha256()
    seen = set()
    for sample in samples:
        key = sample.get('dataset_name'), sample['img_path']
        if key in seen:
            raise ValueError(f'data set {key[0]!r} lists {key[1]} twice')
        seen.add(key)
        digest.update(json.dumps(key).encode())
        for path in (sample['img_path'], sample.get('seg_map_path')):
            content = b'' if path is None else read_bytes(path)
            digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def config_hash(cfg: Config, metric: Mapping[str, Any]) -> str:
    """SHA-256 of what scores depend on in a config: model, pipelines, batch, metric."""
    parts = [decisive_settings(cfg), cfg.test_dataloader.batch_size, dict(metric)]
    return sha256(json.dumps(parts, sort_keys=True, default=repr).encode())


def cache_key(hashes: Mapping[str, str], setting: Setting) -> str:
    """Key of a setting's cached scores, from hashes of weights, config and images.

    It includes the versions of this package and of OpenCV, whose codecs are used.
    """
    parts = [dict(hashes), setting.chain, __version__, cv2.__version__]
    return sha256(json.dumps(parts, sort_keys=True).encode())[:16]


def post_processed(dataset: dict, setting: Setting) -> dict:
    """A copy of a test set's config that post-processes photographs after loading.

    The mask is cropped like the photograph, after it was loaded.

    Args:
        dataset: Config of a data set, a wrapper or a mixture of data sets.
        setting: The post-processing of each photograph.

    Raises:
        ValueError: If a pipeline does not begin with loading the photograph.
    """
    dataset = copy.deepcopy(dataset)
    if not setting.steps:
        return dataset
    for inner in innermost_datasets(dataset):
        steps = list(inner.get('pipeline', ()))
        if not steps or steps[0]['type'] not in _LOADS_IMAGE:
            first = steps[0]['type'] if steps else 'nothing'
            raise ValueError(
                f'the test pipeline must begin with one of {_LOADS_IMAGE}, so that '
                f'photographs are processed at native size; it begins with {first}'
            )
        changed = [steps[0], dict(type='PostProcessImage', setting=setting.chain)]
        for step in steps[1:]:
            changed.append(step)
            if step['type'] in _LOADS_MASK:
                changed.append(dict(type='CropMaskToImage'))
        inner['pipeline'] = changed
    return dataset


def image_values(record: Mapping[str, Any]) -> dict[str, float]:
    """Scores of one image, from its line of `read_per_image`.

    F1 and IoU of a forged image, the share predicted forged of an authentic one, and
    the scores of the metric's conventions.
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
    """Scores the images of a setting, and their paired differences from clean ones.

    Args:
        setting: The post-processing of the photographs.
        records: Their lines of `read_per_image`.
        clean: Those of the same photographs without post-processing.

    Returns:
        ``name``, ``family``, ``chain``, ``value`` (of a single step, else None), and
        ``scores`` and ``difference``: data set -> score -> as of `mean_with_interval`.
        Differences are over images that have the score in both. ``image_AUC``, of
        forged against authentic images, is over images of the same kind in both.

    Raises:
        ValueError: If the photographs are not the same.
    """
    before = {_key(record): image_values(record) for record in clean}
    after = {_key(record): image_values(record) for record in records}
    if before.keys() != after.keys():
        other = sorted(before.keys() ^ after.keys())[0]
        raise ValueError(
            f'{setting.name}: the images are not those of the clean run, for instance '
            f'{other[1]} of {other[0]!r}'
        )
    one = {_key(record): record for record in records}
    plain = {_key(record): record for record in clean}

    def mean(keys: list[tuple[str, str]], values: list[float]) -> dict[str, Any]:
        return mean_with_interval(
            np.array(values), [one[k].get('source') for k in keys]
        )

    scores: dict[str, dict[str, Any]] = {}
    differences: dict[str, dict[str, Any]] = {}
    for dataset in dict.fromkeys(key[0] for key in after):
        keys = [key for key in after if key[0] == dataset]
        own = scores[dataset] = {}
        change = differences[dataset] = {}
        for name in dict.fromkeys(name for key in keys for name in after[key]):
            have = [key for key in keys if name in after[key]]
            own[name] = mean(have, [after[key][name] for key in have])
            both = [key for key in have if name in before[key]]
            if both:
                gains = [after[key][name] - before[key][name] for key in both]
                change[name] = mean(both, gains)
        if auc := _image_auc([one[key] for key in keys]):
            own[IMAGE_AUC] = auc
        same = [key for key in keys if one[key]['forged'] == plain[key]['forged']]
        if gain := _image_auc([one[k] for k in same], [plain[k] for k in same]):
            change[IMAGE_AUC] = gain
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
    """AUC over images, or its gain over that of the same images when clean."""
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


def _key(record: Mapping[str, Any]) -> tuple[str, str]:
    return record['dataset'], record['img_path']
