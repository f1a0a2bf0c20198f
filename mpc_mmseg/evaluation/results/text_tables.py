"""Results as text: of a test, of a comparison, under post-processing."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from textwrap import fill
from typing import Any

_ROBUSTNESS = (
    ('scores', 'F1'),
    ('difference', 'F1'),
    ('scores', 'IoU'),
    ('scores', 'image_AUC'),
    ('difference', 'image_AUC'),
    ('scores', 'false_alarm_area'),
    ('difference', 'false_alarm_area'),
)


def results_table(
    datasets: Mapping[str, Mapping[str, Any]], explanations: Mapping[str, str]
) -> str:
    """The table at the end of a test: scores, then the conventions' explanations.

    Args:
        datasets: Data set name -> summary as of `summarize_dataset`.
        explanations: Convention name -> text.
    """
    parts = []
    for dataset, summary in datasets.items():
        counts = f'{summary["n_forged"]} forged, {summary["n_authentic"]} authentic'
        rows = [['score', 'value', '95 % interval', 'n', 'exact value']]
        for name, score in summary['scores'].items():
            n, value = str(score['n']), f'{score["value"]:.4f}'
            exact = '..'.join(f'{end:.6f}' for end in score.get('bounds', ()))
            rows.append([name, value, _interval(score), n, exact])
        parts.append(f'\n{dataset}: {counts} images\n{_in_columns(rows)}')
    if explanations:
        parts.append('\nNumbers of different conventions cannot be compared:')
    for name, text in explanations.items():
        parts.append(
            fill(f'{name}: {text}', 88, initial_indent='  ', subsequent_indent='    ')
        )
    return '\n'.join(parts)


def comparison_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows of `compare_results` as text."""
    parts = []
    for heading, members in groupby(rows, lambda r: f'{r["dataset"]}, {r["part"]}'):
        cells = [['score', 'A', 'B', 'B - A', '95 % interval', 'p', 'n']]
        for row in members:
            a, b, p = (f'{row[key]:.4f}' for key in ('a', 'b', 'p_value'))
            change = f'{row["difference"]:+.4f}'
            span = _interval(row, '+.4f')
            cells.append([row['score'], a, b, change, span, p, str(row['n'])])
        parts.append(f'\n{heading}\n{_in_columns(cells)}')
    return '\n'.join(parts)


def robustness_table(results: Mapping[str, Any]) -> str:
    """A table of each data set of `measure_robustness`, without empty columns."""
    settings = results['settings']
    datasets = dict.fromkeys(name for entry in settings for name in entry['scores'])
    tables = []
    for dataset in datasets:
        columns = [
            (kind, score)
            for kind, score in _ROBUSTNESS
            if any(score in entry[kind].get(dataset, {}) for entry in settings)
        ]
        names = [
            f'{score.replace("_", " ")}{" - clean" if kind == "difference" else ""}'
            for kind, score in columns
        ]
        rows = [[dataset, *(f'{name} [95 %]' for name in names)]]
        for entry in settings:
            cells = [
                ''
                if (entry['family'], kind) == ('clean', 'difference')
                else _cell(entry[kind].get(dataset, {}).get(score))
                for kind, score in columns
            ]
            rows.append([entry['name'], *cells])
        tables.append(_in_columns(rows))
    return '\n\n'.join(tables)


def _cell(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return '-'
    return f'{found["value"]:.3f} [{_interval(found, ".3f", ", ") or "one image"}]'


def _interval(found: Mapping[str, Any], form: str = '.4f', between: str = '..') -> str:
    if found['low'] is None:
        return ''
    return f'{found["low"]:{form}}{between}{found["high"]:{form}}'


def _in_columns(rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns, the first one to the left."""
    first, *others = [max(map(len, column)) for column in zip(*rows)]
    return '\n'.join(
        '  '.join(
            [row[0].ljust(first), *(c.rjust(n) for c, n in zip(row[1:], others))]
        ).rstrip()
        for row in rows
    )
