"""Korus: the Realistic Tampering data set.

Korus, Huang, "Multi-Scale Analysis Strategies in PRNU-Based Tampering Localization",
IEEE TIFS 2017; "Evaluation of Random Field Models in Multi-Modal Unsupervised Tampering
Localization", WIFS 2016.
"""

from __future__ import annotations

import re
from functools import partial

from .layout import Layout
from .mask_decoding import bright_is_forged
from .patterns import IMAGE, Patterns

# Grey levels of the three labels: black, a middle grey, white.
FORGED_ABOVE = {'forged': 10, 'authentic': 200}


def korus(collateral: str = 'forged') -> Layout:
    """``{camera}/`` with ``pristine/``, ``tampered-realistic/``, ``ground-truth/``.

    Args:
        collateral: What the grey label is: pixels that were changed in passing and
            still show the same thing. 'forged': every changed pixel counts;
            'authentic': only changes of the content do.

    Raises:
        ValueError: If ``collateral`` is neither.
    """
    if collateral not in FORGED_ABOVE:
        raise ValueError(
            f"collateral must be 'forged' or 'authentic', not {collateral!r}"
        )
    camera = r'(?P<key1>Canon_60D|Nikon_D90|Nikon_D7000|Sony_A57)'
    patterns = Patterns(
        forged=rf'{camera}/tampered-realistic/(?P<key2>[^/]+?){IMAGE}',
        mask=rf'{camera}/ground-truth/(?P<key2>[^/]+?){IMAGE}',
        authentic=rf'{camera}/pristine/(?P<key2>[^/]+?){IMAGE}',
        sources=_sources,
        decode=partial(bright_is_forged, above=FORGED_ABOVE[collateral]),
    )
    return Layout(
        'korus',
        'Korus (Realistic Tampering)',
        patterns,
        forged=220,
        authentic=220,
        hint='ROOT holds the folders of the four cameras',
    )


def _sources(key: str) -> tuple[str, ...]:
    # The Nikon photographs are from RAISE, whose ids other sets share.
    raise_id = re.search(r'r[0-9a-f]{8}t', key.lower())
    return (f'raise/{raise_id[0]}' if raise_id else f'korus/{key}',)
