"""Robustness as a table of text: a row per setting, intervals in brackets."""

from collections.abc import Mapping
from typing import Any

_COLUMNS = (('scores', 'F1'), ('difference', 'F1'), ('scores', 'IoU'))
_DETECTION = (
    ('scores', 'image_AUC'),
    ('difference', 'image_AUC'),
    ('scores', 'false_alarm_area'),
    ('difference', 'false_alarm_area'),
)


def robustness_table(results: Mapping[str, Any]) -> str:
    """Writes the table of each data set.

    Args:
        results: As of `measure_robustness`.

    Returns:
        Lines of text; columns that no setting has are left out.
    """
    settings = results['settings']
    datasets = dict.fromkeys(name for entry in settings for name in entry['scores'])
    return '\n\n'.join(_table(settings, dataset) for dataset in datasets)


def _table(settings: list[Mapping[str, Any]], dataset: str) -> str:
    columns = [
        (kind, score)
        for kind, score in _COLUMNS + _DETECTION
        if any(score in entry[kind].get(dataset, {}) for entry in settings)
    ]
    head = [dataset]
    for kind, score in columns:
        name = score.replace('_', ' ')
        head.append(f'{name} [95 %]' if kind == 'scores' else f'{name} - clean [95 %]')
    rows = [head]
    for entry in settings:
        clean = entry['family'] == 'clean'
        cells = [
            '' if clean and kind == 'difference' else _cell(entry[kind], dataset, score)
            for kind, score in columns
        ]
        rows.append([entry['name'], *cells])
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    return '\n'.join(
        '  '.join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    )


def _cell(values: Mapping[str, Any], dataset: str, score: str) -> str:
    found = values.get(dataset, {}).get(score)
    if found is None:
        return '-'
    if found['low'] is None:
        return f'{found["value"]:.3f} [one image]'
    return f'{found["value"]:.3f} [{found["low"]:.3f}, {found["high"]:.3f}]'
