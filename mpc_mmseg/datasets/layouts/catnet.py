"""tampCOCO and compRAISE, made for CAT-Net.

Kwon, Nam, Yu, Lee, Kim, "Learning JPEG Compression Artifacts for Image Manipulation
Detection and Localization", IJCV 2022.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from .coco_ids import coco_ids
from .layout import Inventory, Layout, Sample
from .tables import samples_of_rows

#: List -> what it holds; bcmc are those of bcm, compressed again.
TAMPCOCO = {
    'sp': ('splice', 199_999),
    'cm': ('copy-move', 199_429),
    'bcm': ('copy-move', 199_443),
    'bcmc': ('copy-move', None),
}


def tampcoco(lists: Sequence[str] = ('sp', 'cm', 'bcm')) -> Layout:
    """``{sp,cm,bcm}_images``, ``..._masks``, listed in ``{...}_COCO_list.txt``.

    A list's lines are ``sp_images/a.jpg,sp_masks/a.png``. The lists come with CAT-Net's
    code; copy them to the root.

    Args:
        lists: Of 'sp' (splices), 'cm' (copy-moves of objects), 'bcm' (copy-moves of
            shapes; the images are called "both" in the MPC paper's list) and 'bcmc'.

    Raises:
        ValueError: If there is no such list.
    """
    lists = (lists,) if isinstance(lists, str) else tuple(lists)
    if not lists or not set(lists) <= TAMPCOCO.keys():
        raise ValueError(f'lists must be some of {list(TAMPCOCO)}, not {lists}')

    def find(root: Path, files: Sequence[str]) -> Inventory:
        found = Inventory()
        for name in lists:
            pattern = rf'(?:^|/){name}_COCO(?:_train)?_list\.txt$'
            paths = [Path(file) for file in files if re.search(pattern, file)]
            if len(paths) != 1:
                raise FileNotFoundError(
                    f'{root} must hold one {name}_COCO_list.txt (or ..._train_list.txt)'
                    f', not {len(paths)}: it comes with the code of CAT-Net'
                )
            lines = (root / paths[0]).read_text(encoding='utf-8').splitlines()
            rows = [
                dict(zip(('image', 'mask'), line.strip().split(',')))
                for line in lines
                if line.strip()
            ]
            tag = TAMPCOCO[name][0]
            part = samples_of_rows(
                rows,
                files,
                PurePosixPath(),
                lambda row, tag=tag: Sample(
                    row['image'],
                    row['mask'],
                    tags=(tag,),
                    sources=coco_ids(row['image']),
                ),
            )
            found.samples += part.samples
            found.missing += part.missing
        return found

    counts = [TAMPCOCO[name][1] for name in lists]
    return Layout(
        'tampcoco',
        'tampCOCO',
        find,
        forged=None if None in counts else sum(c for c in counts if c),
        hint='ROOT holds sp_images/, sp_masks/ and so on, and the lists',
    )


def compraise() -> Layout:
    """compRAISE: authentic JPEG images only, in one folder."""

    def find(root: Path, files: Sequence[str]) -> Inventory:
        photographs = [f for f in files if f.lower().endswith(('.jpg', '.jpeg'))]
        return Inventory(
            [
                Sample(
                    file, sources=tuple(f'raise/{each}' for each in _raise_ids(file))
                )
                for file in photographs
            ]
        )

    return Layout('compraise', 'compRAISE', find, forged=0)


def _raise_ids(file: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r'r[0-9a-f]{8}t', file.lower())))
