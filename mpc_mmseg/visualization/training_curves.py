"""Curves of a run: losses and similarities of each phase, validation scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from mmengine.config import Config

from mpc_mmseg.engine.phases import run_phases
from mpc_mmseg.evaluation.results.dataset_summary import MEAN
from mpc_mmseg.json_files import json_lines

from .pictures import Picture
from .plots import LINE_COLOURS, figure_png

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
        added = []
        for number, record in json_lines(file):
            try:
                added.append({**record, 'step': int(record['step'])})
            except (ValueError, TypeError, KeyError) as error:
                raise ValueError(f'{file}, line {number}: {error!r}') from error
        first = min((record['step'] for record in added), default=float('inf'))
        records = [record for record in records if record['step'] < first] + added
    return sorted(records, key=lambda record: record['step'])


def read_phase_names(work_dir: str | Path) -> list[str]:
    """Names of a run's phases in order, by its latest stored config; [] without one."""
    files = sorted(Path(work_dir).glob('*/vis_data/config.py'))
    if not files:
        return []
    return run_phases(Config.fromfile(files[-1], import_custom_modules=False))


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


def training_curves(work_dir: str | Path) -> tuple[list[Picture], float | None]:
    """Draws the curves of a run, and computes its `data_time_share`.

    Raises:
        FileNotFoundError: As of `read_scalars`.
        ValueError: Likewise.
    """
    records, names = read_scalars(work_dir), read_phase_names(work_dir)
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
    return [Picture(plot) for plot in plots if plot], data_time_share(records)


def plot_losses(phase: PhaseRecords, title: str) -> bytes:
    """Plots the losses of one phase over its iterations, as PNG."""
    # The sum equals a single term.
    names = phase.losses if len(phase.losses) == 1 else ('loss', *phase.losses)
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
    series = {name.split('/')[-1]: logged.series(name) for name in names}
    series = {name: points for name, points in series.items() if len(points[0])}
    if not series:
        return None
    ends = [phase.records[-1]['step'] for phase in split_by_losses(records)[:-1]]
    x_label = 'iteration (dashed: the phase changes)'
    return _plot(series, 'Validation scores', x_label, '', (0, 1), 'o', ends)


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
