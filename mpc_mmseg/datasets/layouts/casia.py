"""CASIA v1 and v2, with masks that others drew for them.

Dong, Wang, Tan, "CASIA Image Tampering Detection Evaluation Database", ChinaSIP 2013;
masks: Pham, Lee, Kwon, Park, "Hybrid Image-Retrieval Method for Image-Splicing
Validation", Symmetry 2019. Many tampered images were misnamed, and the masks have the
corrected names; the number at the end of a name is correct in both.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from .layout import Inventory, Layout
from .patterns import IMAGE, Patterns

MASK_FOLDER = r'[^/]*(?:groundtruth|gt|masks)[^/]*/(?:[^/]+/)*'


def casia_v1() -> Layout:
    """``Au/``, ``Tp/{CM,Sp}/`` and ``CASIA 1.0 groundtruth/{CM,Sp}/*_gt.png``."""
    patterns = Patterns(
        forged=r'(?P<key>Sp_[DS]_[^/]*?)\.jpe?g',
        mask=rf'(?:{MASK_FOLDER}(?P<key1>Sp_[DS]_[^/]*?)(?:_gt\d*)?|'
        rf'(?P<key2>Sp_[DS]_[^/]*?)_gt\d*)\.png',
        authentic=rf'(?P<key>Au_[^/]*?){IMAGE}',
        ignore=r'[^/]*_combine\.png',
        tags=_tags,
        sources=lambda key: _sources('casia_v1', key),
        loose=_number,
        maskless=('Sp_D_NRN_A_cha0011_sec0011_0542',),
    )

    def find(root: Path, files: Sequence[str]) -> Inventory:
        # There are two versions; the modified one has the names of the masks.
        if any('Modified Tp/' in file for file in files):
            files = [file for file in files if 'Original Tp/' not in file]
        return patterns(root, files)

    hint = 'unpack Au.zip, Modified Tp.zip and the ground truth into one folder'
    return Layout('casia_v1', 'CASIA v1.0', find, forged=920, authentic=800, hint=hint)


def casia_v2() -> Layout:
    """``Au/``, ``Tp/`` and ``CASIA 2 Groundtruth/*_gt.png``."""
    patterns = Patterns(
        forged=r'(?P<key>Tp_[DS]_[^/]*?)\.(?:jpe?g|tiff?|bmp)',
        mask=rf'(?:{MASK_FOLDER}(?P<key1>Tp_[DS]_[^/]*?)(?:_gt\d*)?|'
        rf'(?P<key2>Tp_[DS]_[^/]*?)_gt\d*)\.png',
        authentic=rf'(?P<key>Au_[^/]*?){IMAGE}',
        tags=_tags,
        sources=lambda key: _sources('casia_v2', key),
        loose=_number,
    )
    hint = 'unpack Au, Tp and the ground truth into one folder'
    return Layout(
        'casia_v2', 'CASIA v2.0', patterns, forged=5123, authentic=7491, hint=hint
    )


def _tags(key: str) -> tuple[str, ...]:
    return ('splice',) if key[3].upper() == 'D' else ('copy-move',)


def _number(key: str) -> str:
    return key.rpartition('_')[2]


def _sources(data_set: str, key: str) -> tuple[str, ...]:
    """The photographs in ``Tp_D_..._ani00018_sec00096_00138``, ``Au_ani_0001``."""
    ids = re.findall(r'([a-z]{3})_?(\d{4,5})(?=_|$)', key.lower())
    # xxx00000 means that the source is not known
    known = {f'{data_set}/{a}{b}' for a, b in ids if a != 'xxx'}
    return tuple(sorted(known)) or (f'{data_set}/{key}',)
