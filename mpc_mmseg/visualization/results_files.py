"""Results read for a report: runs, scores by name, and the verdict on them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from mpc_mmseg.datasets.post_processing import FAMILIES
from mpc_mmseg.datasets.post_processing.setting import CHAIN
from mpc_mmseg.evaluation.functional.curves import roc_auc
from mpc_mmseg.evaluation.functional.resampling import mean_with_interval
from mpc_mmseg.evaluation.results.dataset_summary import MEAN
from mpc_mmseg.evaluation.results.results_file import (
    RESULTS_FORMAT,
    ROBUSTNESS_FORMAT,
    check_numbers,
    check_record,
    check_summaries,
    read_per_image,
    read_results,
)
from mpc_mmseg.json_files import read_json
from mpc_mmseg.plain_text import plain_text

_NOTES = {
    'F1': 'mean over forged images, at the threshold',
    'IoU': 'likewise: intersection over union',
    'pooled_AP': 'average precision of all pixels of forged images',
    'pooled_AUC': 'area under their ROC curve; 0.5 is chance',
    'best_F1': 'F1 of these pixels at the best threshold for them',
    'best_threshold': 'that threshold',
    'image_AUC': 'area under the ROC curve of forged against authentic images',
    'image': 'forged against authentic images by one number each: area under the '
    'ROC curve, equal error rate (0 is best), true-positive rate at 1 % and 5 % false '
    'alarms; balanced accuracy and F1 at the threshold',
    'false_alarm_area': 'mean share of authentic images predicted forged; 0 is best',
}


@dataclass(frozen=True)
class Run:
    """One evaluation run.

    Attributes:
        name: Its name in the report.
        datasets: Data set -> score -> ``value``, and ``low``, ``high``, ``n`` if known.
        images: Its lines of per-image results.
        list_hashes: Data set -> hash of its images and ground truths, if known.
        conventions: Convention -> its explanation.
        origin: What was run, as of `origin_of_scores`, if known.
    """

    name: str
    datasets: Mapping[str, Mapping[str, Mapping[str, Any]]]
    images: Sequence[dict]
    list_hashes: Mapping[str, str] = field(default_factory=dict)
    conventions: Mapping[str, str] = field(default_factory=dict)
    origin: Mapping[str, Any] | None = None


def read_files(
    paths: Sequence[str | Path], names: Sequence[str] | None = None
) -> tuple[list[Run], dict[str, dict]]:
    """Reads results of all kinds of a report.

    Args:
        paths: ``results.json`` of tools/test.py, per-image JSON lines (``.jsonl``),
            ``robustness.json`` of tools/robustness.py.
        names: Names in the report; by default the files' names, with the folder where
            these are equal.

    Returns:
        The runs in order, and name -> content of the robustness results.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file is none of these, or runs scored different images under
            the name of one data set. The message names the file.
    """
    names = list(names or _names(paths))
    if len(names) != len(paths) or len(set(names)) != len(names):
        raise ValueError(
            f'{len(paths)} files need as many different names, got {names}'
        )
    runs: list[Run] = []
    robustness: dict[str, dict] = {}
    for name, path in zip(names, paths):
        if Path(path).suffix == '.jsonl':
            images = read_per_image(path)
            runs.append(Run(name, _scores(images), images, origin=images[0]))
            continue
        content = read_results(path, (RESULTS_FORMAT, ROBUSTNESS_FORMAT))
        if content['format'] == ROBUSTNESS_FORMAT:
            _check_robustness(content, path)
            robustness[name] = content
        else:
            runs.append(_run(name, content, path))
    _check_same_images(runs)
    return runs, robustness


def _run(name: str, content: dict, path: str | Path) -> Run:
    try:
        datasets = content['datasets']
        images = content['images']
        for number, record in enumerate(images, start=1):
            check_record(record, f'{path}, image {number}')
        for key, summary in datasets.items():
            check_summaries({key: summary['scores']}, str(path))
        return Run(
            name,
            {key: summary['scores'] for key, summary in datasets.items()},
            images,
            {key: summary['list_hash'] for key, summary in datasets.items()},
            {str(key): str(text) for key, text in content['conventions'].items()},
            content.get('origin'),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f'{path} is damaged: {error!r}') from error


def _check_robustness(content: dict, path: str | Path) -> None:
    families = {'clean', CHAIN, *FAMILIES}
    try:
        for entry in content['settings']:
            for kind in ('scores', 'difference'):
                check_summaries(entry[kind], f'{path}, {kind}')
            texts = entry['name'], entry['chain']
            check_numbers(entry['value'], f'{path}, value')
            number = int | float if entry['family'] in FAMILIES else int | float | None
            if entry['family'] not in families or not (
                all(isinstance(text, str) for text in texts)
                and isinstance(entry['value'], number)
            ):
                raise ValueError(f'{path}: no post-processing: {plain_text(texts)}')
        found = [entry['family'] for entry in content['settings']]
        if found and 'clean' not in found:
            raise ValueError(f'{path} lacks the clean images')
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f'{path} is damaged: {error!r}') from error


def _scores(images: Sequence[dict]) -> dict[str, dict[str, dict[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for name, value in scores_of_images(images).items():
        dataset, score = name.split('/')
        values = [
            image[score]
            for image in images
            if image['dataset'] == dataset and image['forged'] and score in image
        ]
        if any(image['dataset'] == dataset for image in images):
            summary = mean_with_interval(np.array(values)) if values else {}
            found.setdefault(dataset, {})[score] = {**summary, 'value': value}
    return found


def _check_same_images(runs: Sequence[Run]) -> None:
    seen: dict[str, tuple[str, str]] = {}
    for run in runs:
        for dataset, digest in run.list_hashes.items():
            first, known = seen.setdefault(dataset, (run.name, digest))
            if known != digest:
                raise ValueError(
                    f'{first} and {run.name} scored different images as {dataset!r}: '
                    'they cannot be compared; report them separately'
                )


def _names(paths: Sequence[str | Path]) -> list[str]:
    stems = [Path(path).stem for path in paths]
    return [
        stem if stems.count(stem) == 1 else f'{Path(path).resolve().parent.name}/{stem}'
        for stem, path in zip(stems, paths)
    ]


def score_notes(names: Collection[str]) -> dict[str, str]:
    """Meaning of the named scores; those of conventions have their own explanation."""
    shown = {'image' if name.startswith('image.') else name for name in names}
    return {name: text for name, text in _NOTES.items() if name in shown}


def short_names(scores: Mapping[str, float]) -> dict[str, float]:
    """Drops the data set from the names of scores if there is only one."""
    datasets = {name.split('/')[0] for name in scores if '/' in name} - {MEAN}
    if len(datasets) > 1:
        return dict(scores)
    return {
        name.split('/')[-1]: value
        for name, value in scores.items()
        if not (datasets and name.startswith(f'{MEAN}/'))
    }


def verdict(table: Mapping[str, Mapping[str, float]], n_forged: int) -> str:
    """A sentence that states whether the model, the first row, beats the others.

    Args:
        table: Row name -> score -> value.
        n_forged: Number of scored forged images; 0 if unknown.
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
        ValueError: If it has another content, or a value is no number.
    """
    return _numbers(read_json(path), path)


def read_baselines(path: str | Path) -> dict[str, dict[str, float]]:
    """Reads a JSON file, name -> score -> value; scores are named as by `short_names`.

    Raises:
        ValueError: If it has another content, or a value is no number.
    """
    rows = read_json(path)
    if not isinstance(rows, dict):
        raise ValueError(f'{path} must hold name -> score -> value')
    return {str(name): short_names(_numbers(row, path)) for name, row in rows.items()}


def scores_of_images(images: Sequence[dict]) -> dict[str, float]:
    """F1, IoU and image_AUC from per-image lines of ForgeryMetric."""
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


def _numbers(row: object, path: str | Path) -> dict[str, float]:
    if not isinstance(row, dict):
        raise ValueError(f'{path}: expected score -> value, got {row!r}')
    bad = [k for k, v in row.items() if not isinstance(v, int | float) or v != v]
    if bad:
        raise ValueError(f'{path}: {bad[0]} is {row[bad[0]]!r}, not a number')
    return {str(name): float(value) for name, value in row.items()}
