"""MISD: several objects spliced into one image.

Kadam, Ahirrao, Kotecha, "Multiple Image Splicing Dataset (MISD): A Dataset for Multiple
Splicing", Data 2021.
"""

import re

from .layout import Layout
from .mask_decoding import any_is_forged
from .patterns import IMAGE, Patterns


def misd() -> Layout:
    """``Au/``, ``Sp/``, ``Ground Truth Masks/{name}/masks/``; one mask per object."""
    patterns = Patterns(
        forged=rf'Sp/(?P<key>[^/]+?){IMAGE}',
        mask=rf'Ground Truth Masks/(?P<key>[^/]+)/masks/[^/]+{IMAGE}',
        authentic=rf'Au/(?P<key>[^/]+?){IMAGE}',
        ignore=r'Ground Truth Masks/[^/]+/images/[^/]+',
        tags=lambda key: ('splice',),
        sources=_sources,
        decode=any_is_forged,
    )
    hint = 'ROOT holds Au/, Sp/ and Ground Truth Masks/'
    return Layout(
        'misd', 'MISD', patterns, forged=300, authentic=618, scored=227, hint=hint
    )


def _sources(key: str) -> tuple[str, ...]:
    """The photographs named in ``Sp_D_ani_00001_art_00002_138``, ``Au_ani_00001``."""
    ids = re.findall(r'([a-z]{3})_?(\d+)', key.lower())
    return tuple(sorted({f'misd/{a}{int(b)}' for a, b in ids})) or (f'misd/{key}',)
