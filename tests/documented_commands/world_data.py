"""Data that the documented commands name, in small."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from layout_miniatures import BUILDERS, Miniature


def _write_forgeries(root: Path, sources: list[str], suffix: str) -> None:
    """A forged and an authentic picture of each source, of noise."""
    rng = np.random.default_rng(0)
    for name in ('images', 'masks', 'authentic'):
        (root / name).mkdir(parents=True)
    for source in sources:
        for kind in ('authentic', 'images'):
            picture = cv2.resize(rng.integers(0, 256, (12, 16, 3), np.uint8), (128, 96))
            mask = np.zeros((96, 128), np.uint8)
            mask[32:64, 40:88] = 255
            noise = rng.normal(0, 8, picture.shape) * (1 + (mask > 0))[..., None]
            picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
            cv2.imwrite(str(root / kind / f'{source}{suffix}'), picture)
        cv2.imwrite(str(root / f'masks/{source}.png'), mask)


def write_data(folder: Path, call: Callable[..., None]) -> None:
    """Writes pictures and lists.

    Args:
        folder: Where to.
        call: Runs a tool there.
    """
    kinds = ('ani', 'arc', 'art', 'cha', 'nat')
    # Names that the source patterns of all pages tell apart.
    names = [f'{kind}{digit * 4}' for kind in kinds for digit in '0123456789']
    _write_forgeries(folder / 'my_forgeries', names, '.png')
    _write_forgeries(folder / 'casia', names[:10], '.jpg')
    (folder / 'data').mkdir()
    (folder / 'data/casia').symlink_to(folder / 'casia')
    call('tools/dataset_converters/split_by_source.py', 'my_forgeries')
    for side in ('train', 'val', 'test'):
        lines = (folder / f'my_forgeries/{side}.txt').read_text().splitlines()
        rows = [line.split('\t') for line in lines if not line.startswith('#')]
        listed = [
            '\t'.join(f'my_forgeries/{path}' if '/' in path else path for path in row)
            for row in rows
        ]
        (folder / f'{side}.txt').write_text('\n'.join(listed) + '\n')
    for layout, name in (
        ('casia_v2', 'CASIA2'), ('columbia', 'Columbia'), ('autosplice', 'AutoSplice'),
    ):  # fmt: skip
        made = Miniature(folder / 'DATA' / name)
        made.root.mkdir(parents=True)
        BUILDERS[layout](made)
    mine = Miniature(folder / 'DATA/mine')
    mine.write('gt/a_gt.png', 255 * (1 - mine.forged('fake/a.png')))
    rows = [{'path': 'fake/a.png', 'mask_path': 'gt/a_gt.png'}]
    mine.table('pairs.csv', rows)
    call('tools/demo/prepare_photographs.py', '--out', 'sources')
    (folder / 'photographs').symlink_to('sources/test')
    picture = cv2.imread(str(folder / 'photographs/chelsea.png'))
    (folder / 'photos').mkdir()
    for name in ('photo.jpg', 'photos/a.jpg', 'photos/b.png'):
        cv2.imwrite(str(folder / name), picture)
    call(
        'tools/dataset_converters/make_forgeries.py', 'photographs', '--out', 'MADE',
        '--count', '6',
    )  # fmt: skip
