"""Korus: the Realistic Tampering data set.

Korus, Huang, "Multi-Scale Analysis Strategies in PRNU-Based Tampering Localization",
IEEE TIFS 2017; "Evaluation of Random Field Models in Multi-Modal Unsupervised Tampering
Localization", WIFS 2016.
"""

from functools import partial

from .layout import Layout, raise_ids
from .mask_decoding import bright_is_forged
from .patterns import IMAGE, Patterns

# Grey levels of the three labels: black, a middle grey, white.
FORGED_ABOVE = {'forged': 10, 'authentic': 200}


def korus(collateral: str = 'forged') -> Layout:
    """``{camera}/`` with ``pristine/``, ``tampered-realistic/``, ``ground-truth/``.

    Args:
        collateral: Class of the grey label, pixels that were changed without a change
            of content: 'forged' or 'authentic'.

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
        # the Nikon photographs are from RAISE, whose ids other data sets share
        sources=lambda key: raise_ids(key)[:1] or (f'korus/{key}',),
        decode=partial(bright_is_forged, above=FORGED_ABOVE[collateral]),
    )
    hint = 'ROOT holds the folders of the four cameras'
    return Layout(
        'korus',
        'Korus (Realistic Tampering)',
        patterns,
        forged=220,
        authentic=220,
        hint=hint,
    )
