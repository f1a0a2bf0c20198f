"""What evaluation runs wrote, read for a report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mpc_mmseg.evaluation.functional.resampling import mean_with_interval
from mpc_mmseg.evaluation.results.results_file import (
    RESULTS_FORMAT,
    ROBUSTNESS_FORMAT,
    check_record,
    read_per_image,
    read_results,
)

from .score_table import scores_of_images


@dataclass(frozen=True)
class Run:
    """One evaluation run.

    Attributes:
        name: What the report calls it.
        datasets: Data set -> score -> ``value``, and ``low``, ``high``, ``n`` if known.
        images: Its lines of per-image results.
        list_hashes: Data set -> hash of its images and truths, if known.
        conventions: Convention -> what differs in it.
    """

    name: str
    datasets: Mapping[str, Mapping[str, Mapping[str, Any]]]
    images: Sequence[dict]
    list_hashes: Mapping[str, str] = field(default_factory=dict)
    conventions: Mapping[str, str] = field(default_factory=dict)


def read_files(
    paths: Sequence[str | Path], names: Sequence[str] | None = None
) -> tuple[list[Run], dict[str, dict]]:
    """Reads results of any kind that a report shows.

    Args:
        paths: ``results.json`` of tools/test.py, per-image JSON lines (``.jsonl``),
            ``robustness.json`` of tools/robustness.py.
        names: What the report calls them; by default their files' names, with the
            folder where these are the same.

    Returns:
        The runs in order, and name -> content of the robustness results.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file is none of these, or runs scored different images under
            the name of one data set. Names the file.
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
            runs.append(Run(name, _scores(images), images))
            continue
        content = read_results(path, (RESULTS_FORMAT, ROBUSTNESS_FORMAT))
        if content['format'] == ROBUSTNESS_FORMAT:
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
        return Run(
            name,
            {key: summary['scores'] for key, summary in datasets.items()},
            images,
            {key: summary['list_hash'] for key, summary in datasets.items()},
            content['conventions'],
        )
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
                    'they cannot be compared; report them apart'
                )


def _names(paths: Sequence[str | Path]) -> list[str]:
    stems = [Path(path).stem for path in paths]
    return [
        stem if stems.count(stem) == 1 else f'{Path(path).resolve().parent.name}/{stem}'
        for stem, path in zip(stems, paths)
    ]
