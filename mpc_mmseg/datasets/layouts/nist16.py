"""NIST16: the Nimble Challenge of 2016.

Guan, Kozak, Robertson, Lee, Yates, Delgado, Zhou, Kheyrkhah, Smith, Fiscus, "MFC
Datasets: Large-Scale Benchmark Datasets for Media Forensic Challenge Evaluation", WACV
Workshops 2019.
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from .layout import Inventory, Layout, Sample
from .tables import Row, inverted, only_file, read_table, samples_of_rows


def nist16() -> Layout:
    """``probe/``, ``mask/``, listed in ``reference/manipulation/*-ref.csv``.

    The masks are black where forged.
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
            sources=(f'nist16/{PurePosixPath(base).stem}',),
        )

    def find(root: Path, files: Sequence[str]) -> Inventory:
        table = only_file(files, 'NC2016-manipulation-ref.csv')
        rows = read_table(root / table, '|', columns)
        if table.parts[-3:-1] != ('reference', 'manipulation'):
            raise FileNotFoundError(f'{table} must lie in reference/manipulation')
        return inverted(samples_of_rows(rows, files, table.parents[2], sample))

    hint = 'ROOT is the unpacked NC2016_Test..., with reference/ and probe/'
    return Layout(
        'nist16',
        'NIST16 (Nimble Challenge 2016)',
        find,
        forged=564,
        authentic=560,
        hint=hint,
    )
