"""tampCOCO and compRAISE, made for CAT-Net (Kwon et al., IJCV 2022)."""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from .layout import (
    LAYOUTS,
    Find,
    Inventory,
    Layout,
    Sample,
    coco_ids,
    layout,
    raise_ids,
)
from .tables import Row, samples_of_rows

#: List -> tag and number of images; bcmc has the images of bcm, compressed again.
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
            shapes; "both" in the list of the MPC paper) and 'bcmc'.
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
                    f', not {len(paths)}; copy it from the code of CAT-Net'
                )

            def sample(row: Row, tags: tuple = TAMPCOCO[name][:1]) -> Sample:
                sources = coco_ids(row['image'])
                return Sample(row['image'], row['mask'], tags=tags, sources=sources)

            text = (root / paths[0]).read_text(encoding='utf-8')
            lines = filter(None, map(str.strip, text.split('\n')))
            rows = [dict(zip(('image', 'mask'), line.split(','))) for line in lines]
            listed = samples_of_rows(rows, files, PurePosixPath(), sample)
            found.samples += listed.samples
            found.missing += listed.missing
        return found

    counts = [TAMPCOCO[name][1] for name in lists]
    forged = None if None in counts else sum(c for c in counts if c)
    hint = 'ROOT holds the lists, sp_images/, sp_masks/ and so on'
    return Layout('tampcoco', 'tampCOCO', find, forged, hint=hint)


LAYOUTS['tampcoco'] = tampcoco


@layout('compRAISE', forged=0)
def compraise() -> Find:
    """compRAISE: authentic JPEG images only, in one folder."""

    def find(root: Path, files: Sequence[str]) -> Inventory:
        photographs = [f for f in files if f.lower().endswith(('.jpg', '.jpeg'))]
        return Inventory(
            [Sample(each, sources=raise_ids(each)) for each in photographs]
        )

    return find
