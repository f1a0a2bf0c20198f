"""AutoSplice: regions replaced by DALL-E 2 with a text prompt.

Jia, Huang, Zhou, Ju, Cai, Lyu, "AutoSplice: A Text-prompt Manipulated Image Dataset for
Media Forensics", CVPR Workshops 2023.
"""

from .layout import Layout
from .patterns import IMAGE, Patterns


def autosplice(quality: int = 100) -> Layout:
    """``Authentic/``, ``Forged_JPEG{quality}/``, ``Mask/``.

    Args:
        quality: JPEG quality of the forged images: 100, 90 or 75.

    Raises:
        ValueError: If there is no such quality.
    """
    if quality not in (100, 90, 75):
        raise ValueError(f'quality must be 100, 90 or 75, not {quality!r}')
    patterns = Patterns(
        forged=rf'Forged_JPEG{quality}/(?P<key>[^/]+?){IMAGE}',
        mask=rf'Mask/(?P<key>[^/]+?)(?:_mask)?{IMAGE}',
        authentic=rf'Authentic/(?P<key>[^/]+?){IMAGE}',
        ignore=r'Forged_JPEG\d+/[^/]+',
        tags=lambda key: ('ai', 'splice'),
        sources=lambda key: (f'autosplice/{_photograph(key)}',),
        loose=_photograph,
        shared=True,
    )
    hint = 'ROOT holds Authentic/, Forged_JPEG100/ and Mask/'
    return Layout(
        'autosplice', 'AutoSplice', patterns, forged=3621, authentic=2273, hint=hint
    )


def _photograph(key: str) -> str:
    """``12_3`` is the third forgery of photograph 12."""
    return key.partition('_')[0]
