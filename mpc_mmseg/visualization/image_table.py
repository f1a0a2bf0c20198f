"""The table of all images of a report, which sorts and filters in the browser.

Its rows are data, and a script draws those that are requested: a browser lays out ten
thousand rows in seconds, but sorts them in milliseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpc_mmseg.evaluation.results.results_file import COUNTS

from .results_files import Run


@dataclass(frozen=True)
class Column:
    """A column of ``image_table.html``.

    Attributes:
        name: Its heading.
        kind: 'text' is searched, 'choice' has a list to choose from, 'number' can be
            limited to a range.
        values: A value per row; None if absent.
        digits: Decimals of a number.
        printed: Whether it is also printed, where few columns fit.
    """

    name: str
    kind: str
    values: Sequence[Any]
    digits: int = 3
    printed: bool = True


def table_of_runs(runs: Sequence[Run]) -> list[Column]:
    """All images of all runs, without columns of a single run, data set or no tags."""
    records = [(run.name, image) for run in runs for image in run.images]
    images = [image for _, image in records]
    kinds = ['forged' if image['forged'] else 'authentic' for image in images]
    tags = [', '.join(image.get('tags') or ()) for image in images]
    totals = [sum(image[name] for name in COUNTS) for image in images]
    columns = [
        Column('run', 'choice', [name for name, _ in records]),
        Column('data set', 'choice', [image['dataset'] for image in images]),
    ]
    columns = [column for column in columns if len({*column.values}) > 1]
    columns += [
        Column('image', 'text', [Path(image['img_path']).name for image in images]),
        Column('kind', 'choice', kinds),
    ]
    if any(tags):
        columns.append(Column('tags', 'text', tags))
    columns.append(_numbers('megapixels', [total / 1e6 for total in totals], 2))
    for name, other in (('forged share', 'fn'), ('predicted forged', 'fp')):
        shares = [
            (image['tp'] + image[other]) / total if total else None
            for image, total in zip(images, totals)
        ]
        columns.append(_numbers(name, shares, 4))
    for name in ('image_score', 'F1', 'IoU'):
        values = [image.get(name) for image in images]
        columns.append(_numbers(name.replace('_', ' '), values))
    scores = [image.get('scores') or {} for image in images]
    for name in dict.fromkeys(name for own in scores for name in own):
        values = [own.get(name) for own in scores]
        columns.append(_numbers(name, values, printed=False))
    return columns


def _numbers(
    name: str, values: Sequence[float | None], digits: int = 3, printed: bool = True
) -> Column:
    short = [None if value is None else round(value, 6) for value in values]
    return Column(name, 'number', short, digits, printed)
