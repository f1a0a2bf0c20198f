"""What a run logged, as records and as plots."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from .figure_png import LINE_COLOURS, figure_png

_CONTRAST_LOSSES = {'loss_within_image', 'loss_cross_scale', 'loss_cross_modality'}


@dataclass
class Stretch:
    """Training records in a row that log the same losses: one phase of a run."""

    losses: tuple[str, ...]
    records: list[dict] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Names the phase."""
        return 'contrast' if _CONTRAST_LOSSES & set(self.losses) else 'localization'

    def series(self, key: str) -> tuple[np.ndarray, np.ndarray]:
        """Gives iterations and values of what was logged under a key."""
        points = [(r['step'], r[key]) for r in self.records if key in r]
        steps, values = zip(*points) if points else ((), ())
        return np.array(steps), np.array(values, float)


def read_scalars(work_dir: str | Path) -> list[dict]:
    """Reads all records that MMEngine logged in a folder, in order of iterations.

    Each start of a run leaves a file. A later one overrides what earlier ones say
    from its first iteration on: all of it, unless the run was resumed.

    Args:
        work_dir: The run's folder; read are ``*/vis_data/scalars.json``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a line of one is no JSON. Names file and line.
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


def _read_lines(file: Path) -> list[dict]:
    records = []
    for number, line in enumerate(file.read_text().splitlines(), start=1):
        try:
            record = json.loads(line)
            records.append({**record, 'step': int(record['step'])})
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f'{file}, line {number}: {error!r}') from error
    return records


def split_by_losses(records: list[dict]) -> list[Stretch]:
    """Divides training records where the set of losses changes: at each phase."""
    stretches: list[Stretch] = []
    for record in records:
        if 'loss' not in record:
            continue
        names = tuple(k for k in record if 'loss' in k and k != 'loss') or ('loss',)
        if not stretches or set(stretches[-1].losses) != set(names):
            stretches.append(Stretch(names))
        stretches[-1].records.append(record)
    return stretches


def plot_losses(stretch: Stretch, title: str) -> bytes:
    """Plots the losses of one phase over its iterations.

    Args:
        stretch: The phase's records.
        title: Above the plot.

    Returns:
        A PNG file.
    """
    figure = Figure(figsize=(4.4, 2.9), layout='constrained')
    axes = figure.add_subplot()
    # The sum tells nothing beside a single term.
    single = len(stretch.losses) == 1
    names = stretch.losses if single else ('loss', *stretch.losses)
    for name, colour in zip(names, LINE_COLOURS * len(names)):
        total = name == 'loss'
        label = 'total' if total else name.split('.')[-1].removeprefix('loss_')
        axes.plot(
            *stretch.series(name),
            color=colour,
            linewidth=1.8 if total else 1.3,
            label=label.replace('_', ' '),
        )
    axes.set_xlabel('iteration', fontsize=8)
    axes.set_ylabel('loss', fontsize=8)
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=8, framealpha=0.85)
    axes.set_title(title, fontsize=10)
    return figure_png(figure)


def plot_similarity(stretch: Stretch) -> bytes | None:
    """Plots how alike embeddings are within and between the classes.

    Args:
        stretch: A phase's records.

    Returns:
        A PNG file, or None if nothing of it was logged.
    """
    figure = Figure(figsize=(4.4, 2.9), layout='constrained')
    axes = figure.add_subplot()
    for label, colour in zip(('intra', 'inter'), LINE_COLOURS):
        steps, values = stretch.series(f'similarity_{label}')
        if not len(steps):
            return None
        axes.plot(steps, values, color=colour, linewidth=1.3, label=f'{label}-class')
    axes.set_ylim(top=1)
    axes.set_xlabel('iteration', fontsize=8)
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=8, framealpha=0.85)
    axes.set_title('Mean cosine similarity of embeddings', fontsize=10)
    return figure_png(figure)


def plot_validation(records: list[dict], names: tuple[str, ...]) -> bytes | None:
    """Plots validation scores over iterations.

    Args:
        records: As `read_scalars` gives them.
        names: The scores to draw, as logged.

    Returns:
        A PNG file, or None if none of the scores was logged.
    """
    points = {
        name: [(r['step'], r[name]) for r in records if name in r] for name in names
    }
    points = {name: series for name, series in points.items() if series}
    if not points:
        return None
    figure = Figure(figsize=(4.4, 2.9), layout='constrained')
    axes = figure.add_subplot()
    for (name, series), colour in zip(points.items(), LINE_COLOURS * len(points)):
        axes.plot(
            *zip(*series),
            color=colour,
            marker='o',
            markersize=3,
            linewidth=1.3,
            label=name.split('/')[-1].replace('_', ' '),
        )
    for stretch in split_by_losses(records)[:-1]:
        end = stretch.records[-1]['step']
        axes.axvline(end, color='#888888', linewidth=0.9, linestyle='--')
    axes.set_ylim(0, 1)
    axes.set_xlabel('iteration (dashed: the phase changes)', fontsize=8)
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=8, framealpha=0.85)
    axes.set_title('Validation scores', fontsize=10)
    return figure_png(figure)


def data_time_share(records: list[dict]) -> float | None:
    """Share of a training step that waits for data, by the logged times."""
    steps = [r for r in records if 'loss' in r and 'data_time' in r and r.get('time')]
    if not steps:
        return None
    return sum(r['data_time'] for r in steps) / sum(r['time'] for r in steps)
