"""Paired comparison of two results of the same images."""

import re
from collections.abc import Mapping, Sequence
from itertools import compress, pairwise
from pathlib import PurePath
from typing import Any

import numpy as np

from mpc_mmseg.evaluation.functional.resampling import (
    group_numbers,
    mean_with_interval,
    sign_flip_p_value,
)

#: Shares of an image's pixels that are forged, between which images are grouped.
AREA_EDGES = (0.0, 0.01, 0.05, 0.2, 1.0)


def compare_results(
    a: Mapping[str, Any],
    b: Mapping[str, Any],
    names: tuple[str, str] = ('A', 'B'),
    tag_pattern: str | None = None,
    n_resamples: int = 1000,
    n_permutations: int = 10_000,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Compares two results image by image; positive differences favour B.

    Each score is compared under the same convention, over the images for which both
    have it. p-values are not corrected for the number of comparisons.

    Args:
        a: As `read_results` gives it.
        b: Likewise.
        names: Names of the two in errors.
        tag_pattern: Regular expression; what it matches in a file's name becomes a
            tag of the image, groups joined.
        n_resamples: As of `mean_with_interval`.
        n_permutations: As of `sign_flip_p_value`.
        seed: Of both.

    Returns:
        A row per subset of the images (data set, forged area, tag) and score:
        ``dataset``, ``part``, ``score``, ``n``, ``n_undefined``, ``a``, ``b``,
        ``difference``, ``low``, ``high`` (95 %; None for fewer than two sources) and
        ``p_value``.

    Raises:
        ValueError: If the two are of different lists of images, of conventions with
            other settings, or share no score. The message names them.
    """
    pairs = _pairs(a, b, names)
    for name in a['conventions'].keys() & b['conventions'].keys():
        if a['conventions'][name] != b['conventions'][name]:
            raise ValueError(
                f'{names[0]} and {names[1]} were scored by {name} with other settings, '
                'so its numbers cannot be compared; use the same settings'
            )
    rows = []
    for dataset in dict.fromkeys(first['dataset'] for first, _ in pairs):
        own = [pair for pair in pairs if pair[0]['dataset'] == dataset]
        for part, members in _parts(own, tag_pattern).items():
            scores = dict.fromkeys(
                s for x, y in members for s in x['scores'] if s in y['scores']
            )
            for score in scores:
                row = _compare(members, score, n_resamples, n_permutations, seed)
                rows.append({'dataset': dataset, 'part': part, 'score': score, **row})
    if not rows:
        raise ValueError(
            f'{names[0]} and {names[1]} share no score: use the same conventions'
        )
    return rows


def _pairs(
    a: Mapping[str, Any], b: Mapping[str, Any], names: tuple[str, str]
) -> list[tuple[Mapping, Mapping]]:
    keyed = [{_key(image): image for image in result['images']} for result in (a, b)]
    only = [keyed[0].keys() - keyed[1].keys(), keyed[1].keys() - keyed[0].keys()]
    if only[0] or only[1] or a['list_hash'] != b['list_hash']:
        examples = '; '.join(
            f'{len(keys)} only in {name}, such as {own[min(keys)]["img_path"]}'
            for keys, name, own in zip(only, names, keyed)
            if keys
        )
        raise ValueError(
            f'{names[0]} (list {a["list_hash"]}) and {names[1]} (list '
            f'{b["list_hash"]}) are of different images or ground '
            f'truths: {examples or "some occur more than once"}'
        )
    return [(image, keyed[1][key]) for key, image in keyed[0].items()]


def _key(image: Mapping[str, Any]) -> tuple[str, str, str]:
    name = image['image_hash'] or image['img_path']
    return image['dataset'], name, str(image['truth_hash'])


def _parts(
    pairs: Sequence[tuple[Mapping, Mapping]], tag_pattern: str | None
) -> dict[str, list]:
    parts: dict[str, list] = {'all': list(pairs)}
    for low, high in pairwise(AREA_EDGES):
        name = f'forged area {low:.0%}..{high:.0%}'
        areas = [pair[0]['forged_area'] for pair in pairs]
        inside = [area is not None and low < area <= high for area in areas]
        parts[name] = list(compress(pairs, inside))
    for pair in pairs:
        tags = set(pair[0]['tags'])
        if tag_pattern is not None:
            match = re.search(tag_pattern, PurePath(pair[0]['img_path']).stem)
            if match:
                tags.add(''.join(g or '' for g in match.groups()) or match[0])
        for tag in sorted(tags):
            parts.setdefault(f'tag {tag}', []).append(pair)
    return {name: members for name, members in parts.items() if members}


def _compare(
    pairs: Sequence[tuple[Mapping, Mapping]],
    score: str,
    n_resamples: int,
    n_permutations: int,
    seed: int,
) -> dict[str, Any]:
    both = [p for p in pairs if all(score in image['scores'] for image in p)]
    either = sum(any(score in image['scores'] for image in p) for p in pairs)
    a, b = np.array([[image['scores'][score] for image in p] for p in both]).T
    sources = [first['source'] for first, _ in both]
    mean = mean_with_interval(b - a, sources, n_resamples, seed)
    p_value = sign_flip_p_value(b - a, group_numbers(sources), n_permutations, seed)
    return {
        'n': mean['n'],
        'n_undefined': either - len(both),
        'a': float(a.mean()),
        'b': float(b.mean()),
        'difference': mean['value'],
        'low': mean['low'],
        'high': mean['high'],
        'p_value': p_value,
    }
