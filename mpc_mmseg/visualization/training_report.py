"""The report of a run: curves, scores against baselines, embeddings, maps."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from mmengine.config import Config

from mpc_mmseg.atomic_files import write_atomic
from mpc_mmseg.engine.phases import run_phases
from mpc_mmseg.evaluation.results.dataset_summary import MEAN
from mpc_mmseg.evaluation.results.results_file import read_per_image
from mpc_mmseg.json_files import json_lines

from .pages import render
from .pictures import Picture, colour_scale
from .plots import LINE_COLOURS, figure_png, plot_embedding_file
from .report_images import (
    ImageRow,
    ProbabilityFiles,
    choose_images,
    compared_row,
    image_row,
)
from .results_files import (
    read_baselines,
    read_scores,
    score_notes,
    scores_of_images,
    short_names,
    verdict,
)

_VALIDATION = ('F1', 'IoU', 'pooled_AP')


@dataclass
class PhaseRecords:
    """Consecutive training records of the same losses: one phase of a run."""

    losses: tuple[str, ...]
    records: list[dict] = field(default_factory=list)

    def series(self, key: str) -> tuple[np.ndarray, np.ndarray]:
        """Iterations and logged values of a key."""
        points = [(r['step'], r[key]) for r in self.records if key in r]
        steps, values = zip(*points) if points else ((), ())
        return np.array(steps), np.array(values, float)


def read_scalars(work_dir: str | Path) -> list[dict]:
    """Reads MMEngine's logs ``*/vis_data/scalars.json`` in order of iterations.

    Each start of a run writes a file, which overrides earlier ones from its first
    iteration on: completely, unless the run was resumed.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a line is not valid JSON. The message names file and line.
    """
    files = sorted(Path(work_dir).glob('*/vis_data/scalars.json'))
    if not files:
        raise FileNotFoundError(
            f'no */vis_data/scalars.json in {work_dir}: has a run trained there?'
        )
    records: list[dict] = []
    for file in files:
        added = _read_lines(file)
        first = min((record['step'] for record in added), default=float('inf'))
        records = [record for record in records if record['step'] < first] + added
    return sorted(records, key=lambda record: record['step'])


def read_phase_names(work_dir: str | Path) -> list[str]:
    """Names of a run's phases in order, by its latest stored config; [] without one."""
    files = sorted(Path(work_dir).glob('*/vis_data/config.py'))
    if not files:
        return []
    return run_phases(Config.fromfile(files[-1], import_custom_modules=False))


def _read_lines(file: Path) -> list[dict]:
    records = []
    for number, record in json_lines(file):
        try:
            records.append({**record, 'step': int(record['step'])})
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f'{file}, line {number}: {error!r}') from error
    return records


def split_by_losses(records: list[dict]) -> list[PhaseRecords]:
    """Splits training records where the set of losses changes: at each phase."""
    phases: list[PhaseRecords] = []
    for record in records:
        if 'loss' not in record:
            continue
        names = tuple(k for k in record if 'loss' in k and k != 'loss') or ('loss',)
        if not phases or set(phases[-1].losses) != set(names):
            phases.append(PhaseRecords(names))
        phases[-1].records.append(record)
    return phases


def plot_losses(phase: PhaseRecords, title: str) -> bytes:
    """Plots the losses of one phase over its iterations, as PNG."""
    # The sum equals a single term.
    single = len(phase.losses) == 1
    names = phase.losses if single else ('loss', *phase.losses)
    lines = {
        'total' if name == 'loss' else name.split('.')[-1].removeprefix('loss_'): name
        for name in names
    }
    series = {label: phase.series(name) for label, name in lines.items()}
    return _plot(series, title, y_label='loss')


def plot_similarity(phase: PhaseRecords) -> bytes | None:
    """Plots similarities within and between the classes; None if not logged."""
    series = {
        f'{kind}-class': phase.series(f'similarity_{kind}')
        for kind in ('intra', 'inter')
    }
    if not all(len(steps) for steps, _ in series.values()):
        return None
    title = 'Mean cosine similarity of embeddings'
    return _plot(series, title, y_limits=(None, 1))


def plot_validation(records: list[dict], names: tuple[str, ...]) -> bytes | None:
    """Plots validation scores over iterations; None if none was logged.

    Args:
        records: As of `read_scalars`.
        names: The scores to draw, as logged.
    """
    logged = PhaseRecords(names, records)
    series = {name: logged.series(name) for name in names}
    series = {n.split('/')[-1]: s for n, s in series.items() if len(s[0])}
    if not series:
        return None
    ends = [phase.records[-1]['step'] for phase in split_by_losses(records)[:-1]]
    return _plot(
        series,
        'Validation scores',
        'iteration (dashed: the phase changes)',
        y_limits=(0, 1),
        marker='o',
        vertical=ends,
    )


def _plot(
    series: Mapping[str, tuple[np.ndarray, np.ndarray]],
    title: str,
    x_label: str = 'iteration',
    y_label: str = '',
    y_limits: tuple[float | None, float | None] = (None, None),
    marker: str = '',
    vertical: Sequence[float] = (),
) -> bytes:
    figure = Figure(figsize=(4.4, 2.9), layout='constrained')
    axes = figure.add_subplot()
    for (label, points), colour in zip(series.items(), LINE_COLOURS * len(series)):
        width = 1.8 if label == 'total' else 1.3
        label = label.replace('_', ' ')
        axes.plot(*points, marker=marker, c=colour, ms=3, lw=width, label=label)
    for step in vertical:
        axes.axvline(step, color='#888888', linewidth=0.9, linestyle='--')
    axes.set_ylim(*y_limits)
    axes.set_xlabel(x_label, fontsize=8)
    axes.set_ylabel(y_label, fontsize=8)
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=8, framealpha=0.85)
    axes.set_title(title, fontsize=10)
    return figure_png(figure)


def data_time_share(records: list[dict]) -> float | None:
    """Share of a training step spent waiting for data, by the logged times."""
    steps = [r for r in records if 'loss' in r and 'data_time' in r and r.get('time')]
    if not steps:
        return None
    return sum(r['data_time'] for r in steps) / sum(r['time'] for r in steps)


def build_report(
    work_dir: str | Path,
    out: str | Path,
    per_image: str | Path | None = None,
    predictions: str | Path | None = None,
    scores: str | Path | None = None,
    baselines: str | Path | None = None,
    embeddings_before: str | Path | None = None,
    embeddings_after: str | Path | None = None,
    title: str = 'Image forgery localization',
    model_name: str = 'this model',
    threshold: float = 0.5,
    max_images: int = 40,
    compared: Mapping[str, str | Path] | None = None,
) -> Path:
    """Writes the report of a run as one HTML file, without sections that lack a file.

    Args:
        work_dir: The run's folder, with ``*/vis_data/scalars.json``.
        out: The page to write.
        per_image: JSON lines of ``ForgeryMetric(per_image_file=...)``.
        predictions: Folder with a probability map (grey PNG) per image.
        scores: JSON, score -> value; without it F1, IoU and the scores of
            authentic images are computed from ``per_image``.
        baselines: JSON, name -> score -> value; score names as of ``scores``.
        embeddings_before: NPZ with ``embeddings`` (N, C) and ``labels`` (N,), 1 forged
            and 0 authentic, from before phase 1.
        embeddings_after: The same, after it.
        title: Title of the page.
        model_name: Name of the model in the table.
        threshold: Threshold of the masks.
        max_images: Number of images at most, evenly from the best to the worst.
        compared: Model -> folder with its ``images.jsonl``, ``scores.json`` and
            ``maps``, all on the same other images: shown side by side.

    Returns:
        ``out``.

    Raises:
        FileNotFoundError: If a given file is missing.
        ValueError: If a file has unexpected content. The message names it.
    """
    images = read_per_image(per_image) if per_image else []
    table = {}
    if scores or images:
        own = read_scores(scores) if scores else scores_of_images(images)
        table[model_name] = short_names(own)
    table.update(read_baselines(baselines) if baselines else {})
    shown = choose_images(images, max_images) if images else []
    maps = ProbabilityFiles(predictions) if predictions else None
    records = read_scalars(work_dir)
    folders = {name: Path(folder) for name, folder in (compared or {}).items()}
    embeddings = {
        'Before phase 1': embeddings_before,
        'After phase 1': embeddings_after,
    }
    page = render(
        'training.html',
        title=title,
        verdict=verdict(table, sum(image['forged'] for image in images)),
        scores=table,
        score_notes=score_notes(
            {name.split('/')[-1] for row in table.values() for name in row}
        ),
        curves=_curves(records, read_phase_names(work_dir)),
        waiting=data_time_share(records),
        embeddings=[
            plot_embedding_file(path, when) for when, path in embeddings.items() if path
        ],
        images=[image_row(image, maps, threshold) for image in shown],
        n_images=len(images),
        compared_scores={
            name: short_names(read_scores(folder / 'scores.json'))
            for name, folder in folders.items()
        },
        compared=_compared(folders, threshold),
        colours=colour_scale() if maps or folders else (),
        run=Path(work_dir).name,
        threshold=threshold,
    )
    path = Path(out)
    write_atomic(path, page)
    return path


def _compared(folders: Mapping[str, Path], threshold: float) -> list[ImageRow]:
    maps = {name: ProbabilityFiles(path / 'maps') for name, path in folders.items()}
    by_image: dict[str, dict[str, dict]] = defaultdict(dict)
    for name, folder in folders.items():
        for record in read_per_image(folder / 'images.jsonl'):
            by_image[record['img_path']][name] = record
    for path, records in by_image.items():
        if missing := folders.keys() - records.keys():
            raise ValueError(
                f'{folders[missing.pop()] / "images.jsonl"} lacks {path}: score all '
                'models on the same images'
            )
    return [compared_row(r, maps, threshold) for r in by_image.values()]


def _curves(records: list[dict], names: Sequence[str]) -> list[Picture]:
    phases = split_by_losses(records)
    plots = []
    for number, phase in enumerate(phases, start=1):
        title = f'Phase {number}' if len(phases) > 1 else 'Losses'
        if len(names) == len(phases):
            title += f': {names[number - 1]}'
        plots += [plot_losses(phase, title), plot_similarity(phase)]
    logged = {name for record in records for name in record if '/' in name}
    datasets = {name.split('/')[0] for name in logged} - {MEAN}
    groups = sorted(datasets) if len(datasets) == 1 else [MEAN]
    scores = tuple(f'{g}/{s}' for g in groups for s in _VALIDATION)
    plots.append(plot_validation(records, scores))
    return [Picture(plot) for plot in plots if plot is not None]
