"""A table of scores for a paper: runs as rows, several seeds as mean and spread."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev

from mpc_mmseg.evaluation.results.dataset_summary import MEAN
from mpc_mmseg.plain_text import plain_text

from .results_files import Run, read_files

#: Kind -> spread, between cells, end of a line, escaped characters.
_TEXT = {
    'md': (' ± ', ' | ', ' |', '|<'),
    'tex': (r' $\pm$ ', ' & ', r' \\', '&%$#_{}^'),
}
# The first of these that a result has.
_SCORES = (('mpc.F1', 'mpc.IoU'), ('native.F1', 'native.IoU'))


def score_table(
    paths: Sequence[str | Path],
    names: Sequence[str] | None = None,
    kind: str = 'md',
    scores: Sequence[str] = (),
) -> str:
    """Writes the scores of results as a table, with the mean over data sets.

    Args:
        paths: As of `read_files`, without robustness.json.
        names: Name of each file; those of one name are seeds of one run, shown as mean
            and standard deviation. None for the files' own names, each a run.
        kind: 'md', 'tex' (booktabs), or 'csv' with a row per run, data set and score.
        scores: Names of scores; by default F1 and IoU, of the MPC convention if there.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file is of another kind, the results are of different images,
            the number of names differs, or no result has a score. Names it.
    """
    numbered = names and [f'{name} {i}' for i, name in enumerate(names)]
    runs, robustness = read_files(paths, numbered)
    if robustness:
        raise ValueError(f'{next(iter(robustness))} has no scores for a table')
    groups: dict[str, list[Run]] = {}
    for run, name in zip(runs, names or [run.name for run in runs]):
        groups.setdefault(name, []).append(run)
    known = {score for run in runs for own in run.datasets.values() for score in own}
    scores = scores or next((s for s in _SCORES if known >= {*s}), sorted(known))
    if unknown := [score for score in scores if score not in known]:
        raise ValueError(
            f'no result has {unknown[0]}; known: {", ".join(sorted(known))}'
        )
    datasets = list(dict.fromkeys(d for run in runs for d in run.datasets if d != MEAN))
    shown = [*datasets, MEAN] if len(datasets) > 1 else datasets
    columns = [(dataset, score) for dataset in shown for score in scores]
    values = {
        name: [[_value(run, d, s, datasets) for run in own] for d, s in columns]
        for name, own in groups.items()
    }
    if kind == 'csv':
        return _csv(columns, values)
    plus_minus, between, end, special = _TEXT[kind]
    backslash = r'\textbackslash{}' if kind == 'tex' else r'\\'
    escaped = str.maketrans(
        {'\\': backslash, **{char: f'\\{char}' for char in special}}
    )
    lines = [['', *(' '.join(c if shown[1:] else c[1:]) for c in columns)]]
    for name, row in values.items():
        n = len(groups[name])
        lines.append([f'{name} ({n} seeds)' if n > 1 else name])
        for own in row:
            found = _mean_and_spread(own)
            lines[-1].append(plus_minus.join(f'{x:.3f}' for x in found) or '-')
    text = [
        between.join([plain_text(line[0]).translate(escaped), *line[1:]]) + end
        for line in lines
    ]
    text[0] = (
        between.join(plain_text(cell).translate(escaped) for cell in lines[0]) + end
    )
    if kind == 'md':
        text.insert(1, between.join(['---', *['---:'] * len(columns)]) + end)
        return ''.join(f'| {line}\n' for line in text)
    head = f'\\begin{{tabular}}{{l{"r" * len(columns)}}}\n\\toprule'
    body = [head, text[0], r'\midrule', *text[1:], r'\bottomrule', r'\end{tabular}']
    return '\n'.join(body) + '\n'


def _value(run: Run, dataset: str, score: str, datasets: Sequence[str]) -> float | None:
    """A score of one seed; the mean is of all data sets or undefined."""
    names = datasets if dataset == MEAN else [dataset]
    found = [run.datasets.get(name, {}).get(score) for name in names]
    values = [summary['value'] for summary in found if summary]
    return fmean(values) if len(values) == len(names) else None


def _mean_and_spread(seeds: Sequence[float | None]) -> list[float]:
    values = [seed for seed in seeds if seed is not None]
    if not values or len(values) < len(seeds):
        return []
    return [fmean(values), *([stdev(values)] if len(values) > 1 else [])]


def _csv(
    columns: Sequence[tuple[str, str]], values: dict[str, list[list[float | None]]]
) -> str:
    file = io.StringIO(newline='')
    writer = csv.writer(file, lineterminator='\n')
    writer.writerow(['run', 'dataset', 'score', 'seeds', 'value', 'sd'])
    for name, row in values.items():
        for column, seeds in zip(columns, row):
            found = [*_mean_and_spread(seeds), '', ''][:2]
            writer.writerow([name, *column, len(seeds), *found])
    return file.getvalue()
