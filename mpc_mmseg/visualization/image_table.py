"""A table of all images that sorts and filters in the browser, ten thousand rows too.

The rows go in as data and a small script draws those that are asked for: a browser
takes seconds to lay out ten thousand rows, and milliseconds to sort them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from .image_table_script import SCRIPT


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


def image_table(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> str:
    """Writes the table with its script.

    Args:
        columns: Of the table; one page holds one such table.
        rows: A value per column; None where there is none.

    Returns:
        HTML. Names go in as data, never as markup.

    Raises:
        ValueError: If a row has another number of values.
    """
    wrong = next((row for row in rows if len(row) != len(columns)), None)
    if wrong is not None:
        raise ValueError(f'{len(columns)} columns but a row of {len(wrong)}: {wrong}')
    data = {
        'columns': [
            {'kind': c.kind, 'style': c.style, 'digits': c.digits} for c in columns
        ],
        'rows': [
            [round(value, 6) if isinstance(value, float) else value for value in row]
            for row in rows
        ],
    }
    # No name can end the script element: '<' is written as an escape of JSON.
    text = json.dumps(data, ensure_ascii=False, separators=(',', ':'), allow_nan=False)
    text = text.replace('<', '\\u003c')
    return (
        f'<div id="image-table">{_filters(columns, rows)}'
        '<p class="count" aria-live="polite"></p>'
        f'<div class="wide"><table><thead><tr>{_heads(columns)}</tr></thead>'
        '<tbody></tbody></table></div>'
        '<button type="button" class="more" hidden></button>'
        '<noscript><p>This table needs JavaScript; its numbers are in the files of '
        'results.</p></noscript></div>'
        f'<script type="application/json" id="image-data">{text}</script>'
        f'<script>{SCRIPT}</script>'
    )


def _heads(columns: Sequence[Column]) -> str:
    return ''.join(
        f'<th scope="col" aria-sort="none" class="{column.style}">'
        f'<button type="button" data-column="{i}">{escape(column.name)}</button></th>'
        for i, column in enumerate(columns)
    )


def _filters(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> str:
    parts = [
        '<label>Name contains <input type="search" data-filter="text" '
        'autocomplete="off"></label>'
    ]
    for i, column in enumerate(columns):
        if column.kind == 'choice':
            found = sorted({str(row[i]) for row in rows if row[i] is not None})
            options = {'': 'all', **{value: value for value in found}}
            parts.append(
                f'<label>{escape(column.name)} <select data-filter="choice" '
                f'data-column="{i}">{_options(options)}</select></label>'
            )
    numbers = {str(i): c.name for i, c in enumerate(columns) if c.kind == 'number'}
    if numbers:
        parts.append(
            '<span class="range"><label>Range of <select data-filter="range">'
            f'{_options(numbers)}</select></label>'
            '<label>from <input type="number" step="any" data-filter="low"></label>'
            '<label>to <input type="number" step="any" data-filter="high"></label>'
            '</span>'
        )
    parts.append('<button type="reset">Show all</button>')
    return f'<form class="filters">{"".join(parts)}</form>'


def _options(options: Mapping[str, str]) -> str:
    return ''.join(
        f'<option value="{escape(value)}">{escape(text)}</option>'
        for value, text in options.items()
    )
