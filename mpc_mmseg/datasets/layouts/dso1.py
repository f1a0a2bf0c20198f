"""DSO-1: people spliced into photographs.

Carvalho, Riess, Angelopoulou, Pedrini, Rocha, "Exposing Digital Image Forgeries by
Illumination Color Classification", IEEE TIFS 2013.
"""

from .layout import Layout
from .mask_decoding import dark_is_forged
from .patterns import IMAGE, Patterns


def dso1() -> Layout:
    """``DSO-1/splicing-*.png``, ``DSO-1/normal-*.png``, ``DSO-1-Fake-Images-Masks/``.

    A mask has its image's name; black is forged.
    """
    patterns = Patterns(
        forged=rf'DSO-1/(?P<key>splicing-[^/]+?){IMAGE}',
        mask=rf'DSO-1-Fake-Images-Masks/(?P<key>splicing-[^/]+?){IMAGE}',
        authentic=rf'DSO-1/(?P<key>normal-[^/]+?){IMAGE}',
        ignore=r'DSI-1[^/]*/.*',
        tags=lambda key: ('splice',),
        sources=lambda key: (f'dso1/{key}',),
        decode=dark_is_forged,
    )
    hint = 'ROOT is the unpacked tifs-database'
    return Layout('dso1', 'DSO-1', patterns, forged=100, authentic=100, hint=hint)
