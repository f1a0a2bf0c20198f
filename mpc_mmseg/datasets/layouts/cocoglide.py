"""CocoGlide: objects of MS COCO replaced by GLIDE.

Guillaro, Cozzolino, Sud, Dufour, Verdoliva, "TruFor: Leveraging All-Round Clues for
Trustworthy Image Forgery Detection and Localization", CVPR 2023.
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from .layout import Inventory, Layout, Sample
from .tables import Row, only_file, read_table, samples_of_rows


def cocoglide() -> Layout:
    """``real/``, ``fake/``, ``mask/``, listed in ``table.csv``.

    A forged image and its mask have different names.
    """

    def source(path: str) -> tuple[str, ...]:
        number = PurePosixPath(path).stem.removesuffix('_up').rpartition('_')[2]
        return (f'coco/{int(number):012d}',)

    def forged(row: Row) -> Sample:
        sources = source(row['fake'])
        return Sample(row['fake'], row['mask'], tags=('ai',), sources=sources)

    def authentic(row: Row) -> Sample:
        return Sample(row['real'], sources=source(row['real']))

    def find(root: Path, files: Sequence[str]) -> Inventory:
        table = only_file(files, 'table.csv')
        rows = read_table(root / table, ',', ('real', 'fake', 'mask'))
        found = samples_of_rows(rows, files, table.parent, forged)
        real = samples_of_rows(rows, files, table.parent, authentic)
        return Inventory(found.samples + real.samples, found.missing + real.missing)

    hint = 'ROOT holds table.csv, real/, fake/ and mask/'
    return Layout('cocoglide', 'CocoGlide', find, forged=512, authentic=512, hint=hint)
