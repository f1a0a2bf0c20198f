"""What a run logged, as records and as plots."""

import json
from collections.abc import Mapping, Sequence
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
    # The sum says nothing beside a single term.
    single = len(stretch.losses) == 1
    names = stretch.losses if single else ('loss', *stretch.losses)
    lines = {
        'total' if name == 'loss' else name.split('.')[-1].removeprefix('loss_'): name
        for name in names
    }
    series = {label: stretch.series(name) for label, name in lines.items()}
    return _plot(series, title, y_label='loss')


def plot_similarity(stretch: Stretch) -> bytes | None:
    """Plots how alike embeddings are within and between the classes.

    Args:
        stretch: A phase's records.

    Returns:
        A PNG file, or None if nothing of it was logged.
    """
    series = {
        f'{kind}-class': stretch.series(f'similarity_{kind}')
        for kind in ('intra', 'inter')
    }
    if not all(len(steps) for steps, _ in series.values()):
        return None
    title = 'Mean cosine similarity of embeddings'
    return _plot(series, title, y_limits=(None, 1))


def plot_validation(records: list[dict], names: tuple[str, ...]) -> bytes | None:
    """Plots validation scores over iterations.

    Args:
        records: As `read_scalars` gives them.
        names: The scores to draw, as logged.

    Returns:
        A PNG file, or None if none of the scores was logged.
    """
    logged = Stretch(names, records)
    series = {name: logged.series(name) for name in names}
    series = {n.split('/')[-1]: s for n, s in series.items() if len(s[0])}
    if not series:
        return None
    ends = [stretch.records[-1]['step'] for stretch in split_by_losses(records)[:-1]]
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
    """Share of a training step that waits for data, by the logged times."""
    steps = [r for r in records if 'loss' in r and 'data_time' in r and r.get('time')]
    if not steps:
        return None
    return sum(r['data_time'] for r in steps) / sum(r['time'] for r in steps)
