"""IMD2020: real-life manipulated images.

Novozamsky, Mahdian, Saic, "IMD2020: A Large-Scale Annotated Dataset Tailored for
Detecting Manipulated Images", WACV Workshops 2020.
"""

from .layout import Layout
from .patterns import IMAGE, Patterns


def imd2020() -> Layout:
    """One folder per original: ``x_orig.jpg``, forged ``y.png``, ``y_mask.png``."""
    patterns = Patterns(
        forged=rf'(?P<key1>[^/]+)/(?P<key2>[^/]+?)(?<!_mask)(?<!_orig){IMAGE}',
        mask=rf'(?P<key1>[^/]+)/(?P<key2>[^/]+?)_mask{IMAGE}',
        authentic=rf'(?P<key1>[^/]+)/(?P<key2>[^/]+?)_orig{IMAGE}',
        sources=lambda key: (f'imd2020/{key.partition("/")[0]}',),
    )
    hint = 'ROOT holds one folder per original'
    return Layout(
        'imd2020',
        'IMD2020 (real-life)',
        patterns,
        forged=2010,
        authentic=414,
        hint=hint,
    )
