"""Layouts in which a table lists images and masks."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from .layout import Inventory, Sample
from .mask_decoding import dark_is_forged
from .patterns import draw_from_files

Row = Mapping[str, str]


def read_table(path: Path, delimiter: str, columns: Sequence[str]) -> list[Row]:
    """The rows of a CSV file with a header.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a column is missing; names those that are there.
    """
    if not path.is_file():
        raise FileNotFoundError(f'no table {path}')
    with path.open(newline='', encoding='utf-8-sig') as file:
        reader = csv.DictReader(file, delimiter=delimiter)
        if absent := [
            each for each in columns if each not in (reader.fieldnames or ())
        ]:
            raise ValueError(
                f'{path} has no column {absent}; it has {reader.fieldnames}, read with '
                f'delimiter {delimiter!r}'
            )
        return list(reader)


def samples_of_rows(
    rows: Sequence[Row],
    files: Sequence[str],
    folder: PurePosixPath,
    sample: Callable[[Row], Sample],
) -> Inventory:
    """The samples whose files exist; the others are missing by name.

    Args:
        rows: Of a table.
        files: What is there, below the root.
        folder: What a table's paths start at, below the root.
        sample: Row -> the sample, with paths as in the table.
    """
    found, there = Inventory(), set(files)
    for row in rows:
        one = sample(row)
        paths = [one.image] if one.mask is None else [one.image, one.mask]
        whole = [(folder / path).as_posix() for path in paths]
        if absent := [path for path in whole if path not in there]:
            found.missing += absent
        else:
            mask = whole[1] if len(whole) == 2 else None
            found.samples.append(
                Sample(whole[0], mask, tags=one.tags, sources=one.sources)
            )
    return found


def inverted(found: Inventory) -> Inventory:
    """The same with masks that are black where forged."""
    found.samples = [
        Sample(
            each.image,
            None,
            partial(draw_from_files, decode=dark_is_forged, masks=[each.mask]),
            each.tags,
            each.sources,
        )
        if each.mask is not None
        else each
        for each in found.samples
    ]
    return found


def only_file(files: Sequence[str], name: str) -> PurePosixPath:
    """The path of the one file of a name."""
    matches = [path for path in map(PurePosixPath, files) if path.name == name]
    if len(matches) != 1:
        raise FileNotFoundError(f'there must be one {name}; found {len(matches)}')
    return matches[0]
