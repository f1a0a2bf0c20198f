"""Tables of a results page: scores with intervals, robustness, images."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from .image_table import Column, image_table
from .results_files import Run

_COUNTS = ('tp', 'fp', 'fn', 'tn')
_ROBUSTNESS = ('F1', 'IoU', 'image_AUC', 'false_alarm_area')


def score_tables(runs: Sequence[Run]) -> str:
    """Writes a table per data set: a row per score, a column per run."""
    parts = []
    for dataset in dict.fromkeys(name for run in runs for name in run.datasets):
        scores = [run.datasets.get(dataset, {}) for run in runs]
        names = dict.fromkeys(name for own in scores for name in own)
        lines = [
            f'<tr><th scope="row">{_words(name)}</th>'
            f'{"".join(_cell(own.get(name)) for own in scores)}'
            f'<td>{_n_images([own.get(name) for own in scores])}</td></tr>'
            for name in names
        ]
        heads = [*(escape(run.name) for run in runs), 'n images']
        parts.append(_table(f'Data set {dataset}', heads, lines))
    return ''.join(parts)


def robustness_tables(results: Mapping[str, Any]) -> str:
    """Writes a table per data set: a row per setting, scores and paired differences.

    Args:
        results: Content of ``robustness.json``.
    """
    settings = results['settings']
    parts = []
    for dataset in dict.fromkeys(name for s in settings for name in s['scores']):
        found = [s['scores'].get(dataset, {}) for s in settings]
        names = [n for n in _ROBUSTNESS if any(n in scores for scores in found)]
        lines = []
        for setting in settings:
            cells = ''
            for name in names:
                cells += _cell(setting['scores'].get(dataset, {}).get(name))
                change = setting['difference'].get(dataset, {}).get(name)
                clean = setting['family'] == 'clean'
                cells += '<td></td>' if clean else _cell(change, sign='+')
            lines.append(
                f'<tr><th scope="row">{escape(setting["name"])}</th>{cells}</tr>'
            )
        heads = [head for name in names for head in (_words(name), 'difference')]
        parts.append(_table(f'Data set {dataset}', heads, lines, 'wide dense'))
    return ''.join(parts)


def images_table(runs: Sequence[Run]) -> str:
    """Writes the table of all images of all runs, which sorts and filters."""
    extra = list(
        dict.fromkeys(
            name
            for run in runs
            for image in run.images
            for name in image.get('scores') or ()
        )
    )
    columns = [
        Column('run', 'choice'),
        Column('data set', 'choice'),
        Column('image', 'text'),
        Column('kind', 'choice'),
        Column('tags', 'text'),
        Column('megapixels', 'number', 2),
        Column('forged share', 'number', 4),
        Column('called forged', 'number', 4),
        Column('image score', 'number'),
        Column('F1', 'number'),
        Column('IoU', 'number'),
        *(Column(name, 'number', printed=False) for name in extra),
    ]
    rows = []
    for run in runs:
        for image in run.images:
            tp, fp, fn, tn = (image[name] for name in _COUNTS)
            total = tp + fp + fn + tn
            scores = image.get('scores') or {}
            rows.append(
                [
                    run.name,
                    image['dataset'],
                    Path(image['img_path']).name,
                    'forged' if image['forged'] else 'authentic',
                    ', '.join(image.get('tags') or ()),
                    total / 1e6,
                    (tp + fn) / total if total else None,
                    (tp + fp) / total if total else None,
                    image['image_score'],
                    image.get('F1'),
                    image.get('IoU'),
                    *(scores.get(name) for name in extra),
                ]
            )
    # A column that says nothing is left out: one run, no tags.
    kept = [
        i
        for i, column in enumerate(columns)
        if not (column.name in ('run', 'data set') and len({r[i] for r in rows}) < 2)
        and not (column.name == 'tags' and not any(r[i] for r in rows))
    ]
    return image_table(
        [columns[i] for i in kept], [[row[i] for i in kept] for row in rows]
    )


def _table(
    title: str, heads: Sequence[str], lines: Sequence[str], kind: str = 'wide'
) -> str:
    columns = ''.join(f'<th scope="col">{head}</th>' for head in heads)
    return (
        f'<h3>{escape(title)}</h3><div class="{kind}"><table><thead><tr><th></th>'
        f'{columns}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
    )


def _cell(summary: Mapping[str, Any] | None, sign: str = '') -> str:
    if summary is None or summary.get('value') is None:
        return '<td>–</td>'
    text = f'{summary["value"]:{sign}.3f}'
    low, high = summary.get('low'), summary.get('high')
    if low is not None and high is not None:
        text += f' <small>[{low:{sign}.3f}, {high:{sign}.3f}]</small>'
    if ends := summary.get('bounds'):
        text += f'<br><small>exact in {ends[0]:.5f}–{ends[1]:.5f}</small>'
    return f'<td>{text}</td>'


def _n_images(summaries: Sequence[Mapping[str, Any] | None]) -> str:
    found = {s['n'] for s in summaries if s and s.get('n') is not None}
    return ' / '.join(str(n) for n in sorted(found)) or '–'


def _words(name: str) -> str:
    return escape(name.replace('_', ' '))
