"""The score table of a report, and the sentence that sums it up."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from statistics import fmean

import numpy as np

from mpc_mmseg.evaluation.functional.curves import roc_auc
from mpc_mmseg.evaluation.results.dataset_summary import MEAN

_NOTES = {
    'F1': 'mean over forged images, at the threshold',
    'IoU': 'likewise: intersection over union',
    'pooled_AP': 'average precision of all pixels of forged images',
    'pooled_AUC': 'area under their ROC curve; 0.5 is chance',
    'best_F1': 'F1 of these pixels at the one threshold that suits them best',
    'best_threshold': 'that threshold',
    'image_AUC': 'area under the ROC curve of telling forged from authentic images',
    'image': 'telling forged from authentic images by one number each: area under the '
    'ROC curve, equal error rate (0 is best), true-positive rate at 1 % and 5 % false '
    'alarms; balanced accuracy and F1 at the threshold',
    'false_alarm_area': 'mean share of authentic images predicted forged; 0 is best',
}


def score_notes(names: Collection[str]) -> dict[str, str]:
    """Says what scores mean, of those that are named.

    'trufor.F1' is not what 'F1' is: its convention explains it.
    """
    shown = {'image' if name.startswith('image.') else name for name in names}
    return {name: text for name, text in _NOTES.items() if name in shown}


def short_names(scores: Mapping[str, float]) -> dict[str, float]:
    """Drops the data set from the names of scores where there is but one."""
    datasets = {name.split('/')[0] for name in scores if '/' in name} - {MEAN}
    if len(datasets) > 1:
        return dict(scores)
    return {
        name.split('/')[-1]: value
        for name, value in scores.items()
        if not (datasets and name.startswith(f'{MEAN}/'))
    }


def verdict(table: Mapping[str, Mapping[str, float]], n_forged: int) -> str:
    """Says in one sentence whether the model, the first row, beats the others.

    Args:
        table: Row name -> score -> value.
        n_forged: How many forged images were scored; 0 if unknown.
    """
    f1s = {
        name: row[key]
        for name, row in table.items()
        for key in (f'{MEAN}/F1', 'F1')
        if key in row
    }
    if not f1s or next(iter(f1s)) != next(iter(table)):
        return ''
    (_, own), *others = f1s.items()
    over = f' over {n_forged} forged test images' if n_forged else ''
    if not others:
        return f'Mean F1 is {own:.3f}{over}.'
    against = ', '.join(f'{value:.3f} ({name})' for name, value in others)
    beats = own > max(value for _, value in others)
    opening = 'beats every baseline' if beats else 'does not beat every baseline'
    return f'The model {opening}: mean F1 is {own:.3f}{over}, against {against}.'


def read_scores(path: str | Path) -> dict[str, float]:
    """Reads a JSON file, score -> value.

    Raises:
        ValueError: If it is something else, or a value is no number.
    """
    return _numbers(_read_json(path), path)


def read_baselines(path: str | Path) -> dict[str, dict[str, float]]:
    """Reads a JSON file, name -> score -> value; scores are named as by `short_names`.

    Raises:
        ValueError: If it is something else, or a value is no number.
    """
    rows = _read_json(path)
    if not isinstance(rows, dict):
        raise ValueError(f'{path} must hold name -> score -> value')
    return {str(name): short_names(_numbers(row, path)) for name, row in rows.items()}


def scores_of_images(images: Sequence[dict]) -> dict[str, float]:
    """Computes what follows from scores per image: F1, IoU, image_AUC.

    Args:
        images: Lines that ForgeryMetric wrote.
    """
    scores: dict[str, float] = {}
    for name in dict.fromkeys(image['dataset'] for image in images):
        own = [image for image in images if image['dataset'] == name]
        forged = [image for image in own if image['forged']]
        authentic = [image for image in own if not image['forged']]
        for score in ('F1', 'IoU') if forged else ():
            scores[f'{name}/{score}'] = fmean(image[score] for image in forged)
        if forged and authentic:
            scores[f'{name}/image_AUC'] = roc_auc(
                np.array([image['image_score'] for image in own]),
                np.array([image['forged'] for image in own]),
            )
    for score in ('F1', 'IoU'):
        values = [v for k, v in scores.items() if k.endswith(f'/{score}')]
        if values:
            scores[f'{MEAN}/{score}'] = fmean(values)
    return scores


def _read_json(path: str | Path) -> object:
    try:
        return json.loads(Path(path).read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{path} is no JSON: {error}') from error


def _numbers(row: object, path: str | Path) -> dict[str, float]:
    if not isinstance(row, dict):
        raise ValueError(f'{path}: expected score -> value, got {row!r}')
    bad = [k for k, v in row.items() if not isinstance(v, int | float) or v != v]
    if bad:
        raise ValueError(f'{path}: {bad[0]} is {row[bad[0]]!r}, not a number')
    return {str(name): float(value) for name, value in row.items()}
