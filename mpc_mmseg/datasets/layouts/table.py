"""Any data set that a table lists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from .layout import Inventory, Layout, Sample
from .tables import Row, inverted, read_table, samples_of_rows


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
