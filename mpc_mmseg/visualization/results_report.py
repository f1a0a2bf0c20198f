"""The page of results that tools/report.py writes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mpc_mmseg.atomic_files import write_atomic

from .image_table import table_of_runs
from .pages import render
from .pictures import Picture, colour_scale
from .plots import plot_embedding_file
from .report_images import ImageRow, ProbabilityFiles, best_and_worst, image_row
from .results_files import Run, read_files, score_notes
from .robustness_plots import plot_family, robustness_families
from .training_curves import training_curves

_CURVES = ('F1', 'image_AUC')
_ROBUSTNESS = ('F1', 'IoU', 'image_AUC', 'false_alarm_area')


def build_results_report(
    results: Sequence[str | Path],
    out: str | Path,
    names: Sequence[str] | None = None,
    maps: Sequence[str | Path] = (),
    embeddings: Sequence[str | Path] = (),
    title: str = 'Image forgery localization: results',
    threshold: float = 0.5,
    max_images: int = 16,
    image_root: str | Path | None = None,
    work_dir: str | Path | None = None,
) -> Path:
    """Writes one self-contained HTML page of any number of results.

    Args:
        results: Files as of `read_files`.
        out: The page to write.
        names: Their names on the page.
        maps: Folders with probability maps (grey PNG) of the first runs, in order.
        embeddings: NPZ files with ``embeddings`` (N, C) and ``labels`` (N,).
        title: Title of the page.
        threshold: Threshold of the masks.
        max_images: Number of images of a data set, the best and the worst of its first
            run, beside the maps of its other runs.
        image_root: Show only pictures below this folder, as results may name any file;
            None for results of one's own.
        work_dir: Folder of a training run, whose curves are shown.

    Returns:
        ``out``.

    Raises:
        FileNotFoundError: If a given file is missing.
        ValueError: If a file has another content than expected, there are more maps
            than runs, or ``max_images`` is negative. The message names it.
    """
    if max_images < 0:
        raise ValueError(f'max_images must not be negative, got {max_images}')
    runs, robustness = read_files(results, names)
    if len(maps) > len(runs):
        raise ValueError(f'{len(maps)} folders of maps for {len(runs)} runs')
    found = {run.name: ProbabilityFiles(path) for run, path in zip(runs, maps)}
    scores = _scores(runs)
    curves, waiting = training_curves(work_dir) if work_dir else ([], None)
    path = Path(out)
    page = render(
        'results.html',
        title=title,
        scores=scores,
        score_notes=score_notes({n for _, rows in scores.values() for n in rows}),
        conventions=_conventions(runs),
        origins={run.name: run.origin or {} for run in runs}
        | {name: content.get('origin') or {} for name, content in robustness.items()},
        robustness={name: _robustness(each) for name, each in robustness.items()},
        images=_images(runs, found, threshold, max_images, image_root),
        colours=colour_scale() if maps else (),
        curves=curves,
        waiting=waiting,
        embeddings=[plot_embedding_file(p, Path(p).stem) for p in embeddings],
        columns=table_of_runs(runs) if any(run.images for run in runs) else (),
        sources=results,
    )
    write_atomic(path, page)
    return path


def _scores(runs: Sequence[Run]) -> dict[str, tuple[list[str], dict[str, list[Any]]]]:
    """Data set -> names of its runs, and score -> its summary in each run, or None."""
    found = {}
    for dataset in dict.fromkeys(name for run in runs for name in run.datasets):
        own = {r.name: r.datasets[dataset] for r in runs if dataset in r.datasets}
        names = dict.fromkeys(name for column in own.values() for name in column)
        rows = {n: [column.get(n) for column in own.values()] for n in names}
        found[dataset] = list(own), rows
    return found


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
    }


def _images(
    runs: Sequence[Run],
    maps: Mapping[str, ProbabilityFiles],
    threshold: float,
    limit: int,
    root: str | Path | None,
) -> dict[str, dict[str, list[ImageRow]]]:
    """Data set -> heading -> rows."""
    by_run: dict[str, dict[str, dict[str, dict]]] = {}
    for run in runs:
        for image in run.images:
            own = by_run.setdefault(image['dataset'], {}).setdefault(run.name, {})
            own[image['img_path']] = image
    found = {}
    for dataset, own in by_run.items():
        first, *others = own
        # Other runs are shown by their maps.
        shown = {name: own[name] for name in (first, *(n for n in others if n in maps))}

        def row(image: dict, shown: Mapping[str, dict] = shown) -> ImageRow:
            path = image['img_path']
            records = {name: own[path] for name, own in shown.items() if path in own}
            return image_row(records, maps, threshold, root)

        chosen = best_and_worst(list(own[first].values()), limit)
        found[dataset] = {head: [*map(row, rows)] for head, rows in chosen.items()}
    return found if limit else {}
