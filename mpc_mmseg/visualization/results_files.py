"""Results read for a report: runs, and the meaning of their scores."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mpc_mmseg.datasets.post_processing import FAMILIES
from mpc_mmseg.datasets.post_processing.setting import CHAIN
from mpc_mmseg.evaluation.results.results_file import (
    RESULTS_FORMAT,
    ROBUSTNESS_FORMAT,
    check_numbers,
    check_record,
    check_summaries,
    read_results,
)
from mpc_mmseg.plain_text import plain_text

_NOTES = {
    'pooled_AP': 'average precision of all pixels of forged images',
    'pooled_AUC': 'area under their ROC curve; 0.5 is chance',
    'best_F1': 'F1 of these pixels at the best threshold for them',
    'best_threshold': 'that threshold',
    'image': 'forged against authentic images by one number each: area under the '
    'ROC curve, equal error rate (0 is best), true-positive rate at 1 % and 5 % false '
    'alarms; balanced accuracy and F1 at the threshold',
}


@dataclass(frozen=True)
class Run:
    """One evaluation run.

    Attributes:
        name: Its name in the report.
        datasets: Data set -> score -> ``value``, ``low``, ``high`` and ``n``.
        images: Its entries of images.
        list_hashes: Data set -> hash of its images and ground truths.
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
    """Reads results of both kinds of a report.

    Args:
        paths: ``results.json`` of tools/test.py, ``robustness.json`` of
            tools/robustness.py.
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
        content = read_results(path, (RESULTS_FORMAT, ROBUSTNESS_FORMAT))
        try:
            if content['format'] == ROBUSTNESS_FORMAT:
                _check_robustness(content, path)
                robustness[name] = content
            else:
                runs.append(_run(name, content, path))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f'{path} is damaged: {error!r}') from error
    _check_same_images(runs)
    return runs, robustness


def _run(name: str, content: dict, path: str | Path) -> Run:
    datasets, images = content['datasets'], content['images']
    for number, record in enumerate(images, start=1):
        check_record(record, f'{path}, image {number}')
    scores = {key: summary['scores'] for key, summary in datasets.items()}
    check_summaries(scores, str(path))
    return Run(
        name,
        scores,
        images,
        {key: summary['list_hash'] for key, summary in datasets.items()},
        {str(key): str(text) for key, text in content['conventions'].items()},
        content.get('origin'),
    )


def _check_robustness(content: dict, path: str | Path) -> None:
    families = {'clean', CHAIN, *FAMILIES}
    for entry in content['settings']:
        for kind in ('scores', 'difference'):
            check_summaries(entry[kind], f'{path}, {kind}')
        texts = entry['name'], entry['chain']
        check_numbers(entry['value'], f'{path}, value')
        number = int | float if entry['family'] in FAMILIES else int | float | None
        if (
            entry['family'] not in families
            or not all(isinstance(text, str) for text in texts)
            or not isinstance(entry['value'], number)
        ):
            raise ValueError(f'{path}: no post-processing: {plain_text(texts)}')
    found = [entry['family'] for entry in content['settings']]
    if found and 'clean' not in found:
        raise ValueError(f'{path} lacks the clean images')


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
