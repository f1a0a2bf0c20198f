"""Layouts whose images and masks are told by a table."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from .layout import Inventory, Layout, Sample
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


def nist16() -> Layout:
    """NIST Nimble Challenge 2016 (NIST16): told by ``NC2016-manipulation-ref.csv``.

    Guan, Kozak, Robertson, Lee, Yates, Delgado, Zhou, Kheyrkhah, Smith, Fiscus, "MFC
    Datasets: Large-Scale Benchmark Datasets for Media Forensic Challenge Evaluation",
    WACV Workshops 2019. The masks are black where forged.
    """
    tags = {
        'IsManipulationTypeSplice': 'splice',
        'IsManipulationTypeCopyClone': 'copy-move',
        'IsManipulationTypeRemoval': 'removal',
    }
    columns = ('ProbeFileName', 'ProbeMaskFileName', 'IsTarget', 'BaseFileName', *tags)

    def sample(row: Row) -> Sample:
        forged = row['IsTarget'] == 'Y'
        base = row['BaseFileName'] or row['ProbeFileName']
        return Sample(
            row['ProbeFileName'],
            row['ProbeMaskFileName'] if forged else None,
            tags=tuple(tag for name, tag in tags.items() if row[name] == 'Y'),
            sources=(f'nist16/{PurePosixPath(base).stem.lower()}',),
        )

    def find(root: Path, files: Sequence[str]) -> Inventory:
        table = _one(files, 'NC2016-manipulation-ref.csv')
        rows = read_table(root / table, '|', columns)
        if table.parts[-3:-1] != ('reference', 'manipulation'):
            raise FileNotFoundError(f'{table} must lie in reference/manipulation')
        return inverted(samples_of_rows(rows, files, table.parents[2], sample))

    return Layout(
        'nist16',
        'NIST16 (Nimble Challenge 2016)',
        find,
        forged=564,
        authentic=560,
        hint='ROOT is the unpacked NC2016_Test..., with reference/ and probe/',
    )


def cocoglide() -> Layout:
    """CocoGlide: ``real/``, ``fake/``, ``mask/``, told by ``table.csv``.

    Guillaro, Cozzolino, Sud, Dufour, Verdoliva, "TruFor: Leveraging All-Round Clues for
    Trustworthy Image Forgery Detection and Localization", CVPR 2023. A fake and its
    mask have different names.
    """

    def source(path: str) -> tuple[str, ...]:
        number = PurePosixPath(path).stem.removesuffix('_up').rpartition('_')[2]
        return (f'coco/{int(number):012d}',)

    def find(root: Path, files: Sequence[str]) -> Inventory:
        table = _one(files, 'table.csv')
        rows = read_table(root / table, ',', ('real', 'fake', 'mask'))

        def forged(row: Row) -> Sample:
            return Sample(
                row['fake'], row['mask'], tags=('ai',), sources=source(row['fake'])
            )

        def authentic(row: Row) -> Sample:
            return Sample(row['real'], sources=source(row['real']))

        found = samples_of_rows(rows, files, table.parent, forged)
        real = samples_of_rows(rows, files, table.parent, authentic)
        return Inventory(found.samples + real.samples, found.missing + real.missing)

    return Layout(
        'cocoglide',
        'CocoGlide',
        find,
        forged=512,
        authentic=512,
        hint='ROOT holds table.csv, real/, fake/ and mask/',
    )


def table(
    csv: str,
    image: str = 'image',
    mask: str = 'mask',
    delimiter: str = ',',
    inverted_masks: bool = False,
) -> Layout:
    """Any data set that a table lists; an empty mask, ``-`` or ``None``: authentic.

    Args:
        csv: The table, below the root; its paths start at the root.
        image: The column of images.
        mask: The column of masks.
        delimiter: What stands between columns.
        inverted_masks: Whether masks are black where forged.
    """

    def sample(row: Row) -> Sample:
        authentic = row[mask] in ('', '-', 'None', 'Negative')
        return Sample(row[image], None if authentic else row[mask])

    def find(root: Path, files: Sequence[str]) -> Inventory:
        rows = read_table(root / csv, delimiter, (image, mask))
        found = samples_of_rows(rows, files, PurePosixPath(), sample)
        return inverted(found) if inverted_masks else found

    return Layout('table', 'table', find, hint='the paths of the table start at ROOT')


def _one(files: Sequence[str], name: str) -> PurePosixPath:
    """The path of the one file of a name."""
    matches = [path for path in map(PurePosixPath, files) if path.name == name]
    if len(matches) != 1:
        raise FileNotFoundError(f'there must be one {name}; found {len(matches)}')
    return matches[0]
