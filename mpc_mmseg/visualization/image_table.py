"""A table of all images that sorts and filters in the browser, ten thousand rows too.

The rows go in as data and a small script draws those that are asked for: a browser
takes seconds to lay out ten thousand rows, and milliseconds to sort them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .results_files import Run


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes:
        name: Its heading.
        kind: 'text' is searched, 'choice' gets a list to choose from, 'number' can be
            limited to a range.
        digits: Decimals of a number.
        printed: Whether it is on paper too, where few columns fit.
    """

    name: str
    kind: str
    digits: int = 3
    printed: bool = True

    @property
    def style(self) -> str:
        """Names the classes of its cells."""
        return self.kind if self.printed else f'{self.kind} screen'

    def __post_init__(self) -> None:
        if self.kind not in ('text', 'choice', 'number'):
            raise ValueError(
                f"kind must be 'text', 'choice' or 'number', got {self.kind!r}"
            )


@dataclass(frozen=True)
class ImageTable:
    """What ``image_table.html`` shows; one page holds one such table.

    Attributes:
        columns: Of the table.
        rows: A value per column; None where there is none.

    Raises:
        ValueError: If a row has another number of values.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(
                    f'{len(self.columns)} columns but a row of {len(row)}: {row}'
                )

    def choices(self, column: int) -> list[str]:
        """Lists the values that a column holds."""
        return sorted({str(r[column]) for r in self.rows if r[column] is not None})

    @property
    def data(self) -> dict[str, Any]:
        """What the script reads."""
        return {
            'columns': [
                {'kind': c.kind, 'style': c.style, 'digits': c.digits}
                for c in self.columns
            ],
            'rows': [
                [round(v, 6) if isinstance(v, float) else v for v in row]
                for row in self.rows
            ],
        }


def table_of_runs(runs: Sequence[Run]) -> ImageTable:
    """Puts all images of all runs into a table.

    A column that would say nothing is left out: one run, one data set, no tags.
    """
    records = [(run.name, image) for run in runs for image in run.images]
    extra = list(dict.fromkeys(n for _, i in records for n in i.get('scores') or ()))
    values: dict[Column, list[Any]] = {
        Column('run', 'choice'): [name for name, _ in records],
        Column('data set', 'choice'): [image['dataset'] for _, image in records],
    }
    values = {column: cells for column, cells in values.items() if len({*cells}) > 1}
    images = [image for _, image in records]
    values[Column('image', 'text')] = [Path(i['img_path']).name for i in images]
    values[Column('kind', 'choice')] = [
        'forged' if image['forged'] else 'authentic' for image in images
    ]
    tags = [', '.join(image.get('tags') or ()) for image in images]
    if any(tags):
        values[Column('tags', 'text')] = tags
    totals = [sum(image[n] for n in ('tp', 'fp', 'fn', 'tn')) for image in images]
    values[Column('megapixels', 'number', 2)] = [total / 1e6 for total in totals]
    for name, other in (('forged share', 'fn'), ('predicted forged', 'fp')):
        values[Column(name, 'number', 4)] = [
            (image['tp'] + image[other]) / total if total else None
            for image, total in zip(images, totals)
        ]
    for name, key in (('image score', 'image_score'), ('F1', 'F1'), ('IoU', 'IoU')):
        values[Column(name, 'number')] = [image.get(key) for image in images]
    for name in extra:
        values[Column(name, 'number', printed=False)] = [
            (image.get('scores') or {}).get(name) for image in images
        ]
    return ImageTable(list(values), list(zip(*values.values())))
