"""The page of results that tools/report.py writes."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mpc_mmseg.atomic_files import write_atomic

from .pages import render
from .pictures import Picture, colour_scale
from .plots import plot_by_area, plot_embedding_file
from .report_images import (
    ImageRow,
    ProbabilityFiles,
    image_row,
    predicted_share,
    table_of_runs,
)
from .results_files import Run, read_files, score_notes
from .robustness_plots import plot_family, robustness_families

_CURVES = ('F1', 'image_AUC')
_ORIGIN = (
    'checkpoint', 'weights_sha256', 'phase', 'config_sha256', 'frame', 'interpolation',
    'threshold', 'date',
)  # fmt: skip
_PACKAGES = ('mpc_mmseg', 'torch', 'mmengine', 'mmcv', 'mmseg')
_ROBUSTNESS = ('F1', 'IoU', 'image_AUC', 'false_alarm_area')


def build_results_report(
    results: Sequence[str | Path],
    out: str | Path,
    names: Sequence[str] | None = None,
    maps: str | Path | None = None,
    embeddings: Sequence[str | Path] = (),
    title: str = 'Image forgery localization: results',
    threshold: float = 0.5,
    max_images: int = 16,
    image_root: str | Path | None = None,
) -> Path:
    """Writes one self-contained HTML page of any number of results.

    Args:
        results: Files as of `read_files`.
        out: The page to write.
        names: Their names on the page.
        maps: Folder with probability maps of the first run (grey PNG).
        embeddings: NPZ files with ``embeddings`` (N, C) and ``labels`` (N,).
        title: Title of the page.
        threshold: Threshold of the masks.
        max_images: Number of images of the first run: the best and the worst.
        image_root: Show only pictures below this folder, as results may name any file;
            None for results of one's own.

    Returns:
        ``out``.

    Raises:
        FileNotFoundError: If a given file is missing.
        ValueError: If a file has another content than expected, or ``max_images`` is
            negative. The message names it.
    """
    if max_images < 0:
        raise ValueError(f'max_images must not be negative, got {max_images}')
    runs, robustness = read_files(results, names)
    images = None
    if runs and max_images:
        found = ProbabilityFiles(maps) if maps else None
        images = _images(runs[0], found, threshold, max_images, image_root)
    scores = _scores(runs)
    path = Path(out)
    page = render(
        'results.html',
        title=title,
        runs=[run.name for run in runs],
        scores=scores,
        score_notes=score_notes({name for rows in scores.values() for name in rows}),
        conventions=_conventions(runs),
        origins=_origins(
            {run.name: run.origin for run in runs}
            | {name: found.get('origin') for name, found in robustness.items()}
        ),
        robustness={name: _robustness(found) for name, found in robustness.items()},
        area_plot=_area_plot(runs),
        images=images,
        colours=colour_scale() if maps else (),
        embeddings=[plot_embedding_file(p, Path(p).stem) for p in embeddings],
        table_of_images=table_of_runs(runs) if any(r.images for r in runs) else None,
        sources=results,
    )
    write_atomic(path, page)
    return path


def best_and_worst(images: Sequence[dict], limit: int) -> dict[str, list[dict]]:
    """At most ``limit`` lines of per-image results: 'best', 'worst' and 'alarms'.

    The best and worst forged images by F1, and the authentic ones with the largest
    share predicted forged; no image twice.
    """
    forged = sorted(
        (image for image in images if image['forged']),
        key=lambda image: (-image['F1'], image['img_path']),
    )
    authentic = sorted(
        (image for image in images if not image['forged']),
        key=lambda image: (-predicted_share(image), image['img_path']),
    )
    n_alarms = min(len(authentic), limit // 4) if forged else min(len(authentic), limit)
    n_forged = min(len(forged), limit - n_alarms)
    n_best = (n_forged + 1) // 2
    n_worst = n_forged - n_best
    return {
        'best': forged[:n_best],
        'worst': forged[len(forged) - n_worst :][::-1],
        'alarms': authentic[:n_alarms],
    }


def _scores(runs: Sequence[Run]) -> dict[str, dict[str, list[Any]]]:
    """Data set -> score -> its summary in each run, or None."""
    found: dict[str, dict[str, list[Any]]] = {}
    for dataset in dict.fromkeys(name for run in runs for name in run.datasets):
        columns = [run.datasets.get(dataset, {}) for run in runs]
        names = dict.fromkeys(name for column in columns for name in column)
        found[dataset] = {n: [column.get(n) for column in columns] for n in names}
    return found


def _origins(found: Mapping[str, Mapping[str, Any] | None]) -> dict[str, list[Any]]:
    """Row -> a text per file that states what was run; no rows if none does."""
    origins = [origin or {} for origin in found.values()]
    rows = {'': list(found)}
    for key in _ORIGIN:
        rows[key.replace('_', ' ')] = [origin.get(key) or '–' for origin in origins]
    rows['other config than the stored one'] = [
        ', '.join(origin.get('config_differences') or ()) or '–' for origin in origins
    ]
    rows['versions'] = [
        ', '.join(f'{name} {versions[name]}' for name in _PACKAGES if name in versions)
        or '–'
        for versions in (origin.get('versions') or origin for origin in origins)
    ]
    known = any('weights_sha256' in origin for origin in origins)
    return rows if known else {}


def _conventions(runs: Sequence[Run]) -> dict[str, str]:
    found: dict[str, str] = {}
    for run in runs:
        for name, explained in run.conventions.items():
            if found.setdefault(name, explained) != explained:
                # Of other settings: the numbers cannot be compared.
                found[f'{name} ({run.name})'] = explained
    return found


def _robustness(content: Mapping[str, Any]) -> dict[str, Any]:
    """The page's part of a ``robustness.json``."""
    settings = content['settings']
    scores = [(d, s) for entry in settings for d, s in entry['scores'].items()]
    return {
        'settings': settings,
        'columns': {
            dataset: [
                n for n in _ROBUSTNESS if any(n in s for d, s in scores if d == dataset)
            ]
            for dataset, _ in scores
        },
        'curves': [
            Picture(plot_family(settings, family, score), family)
            for family in robustness_families(settings)
            for score in _CURVES
            if all(score in own for _, own in scores)
        ],
        'chains': {
            entry['name']: entry['chain']
            for entry in settings
            if entry['chain'] not in ('', entry['name'])
        },
    }


def _area_plot(runs: Sequence[Run]) -> Picture | None:
    points = {}
    for run in runs:
        forged = [image for image in run.images if image['forged']]
        pixels = np.array(
            [[image['tp'] + image['fn'], image['fp'] + image['tn']] for image in forged]
        )
        if len(forged):
            areas = pixels[:, 0] / np.maximum(pixels.sum(axis=1), 1)
            points[run.name] = areas, np.array([image['F1'] for image in forged])
    if not points:
        return None
    return Picture(plot_by_area(points), 'F1 against the forged share of the image')


def _images(
    run: Run,
    maps: ProbabilityFiles | None,
    threshold: float,
    limit: int,
    root: str | Path | None,
) -> dict[str, list[ImageRow]]:
    """Rows by heading."""

    def row(image: dict) -> ImageRow:
        try:
            for path in (image['img_path'], image.get('seg_map_path')):
                if root is not None and path is not None:
                    # The path as written: links below the folder are its owner's.
                    inside = Path(os.path.abspath(path))
                    if not inside.is_relative_to(os.path.abspath(root)):
                        raise OSError(f'{path} is not below {root} (--images)')
            return image_row(image, maps, threshold, overlay=True)
        except OSError as error:
            # The photographs may be on another machine.
            return ImageRow(Path(image['img_path']).name, {}, f'no picture: {error}')

    headings = (
        'Best images',
        'Worst images',
        'Authentic images, largest predicted forged share first',
    )
    chosen = best_and_worst(run.images, limit).values()
    return {heading: [*map(row, images)] for heading, images in zip(headings, chosen)}
