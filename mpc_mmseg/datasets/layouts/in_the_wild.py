"""In-the-Wild: spliced images from the web.

Huh, Liu, Owens, Efros, "Fighting Fake News: Image Splice Detection via Learned
Self-Consistency", ECCV 2018.
"""

from .layout import Layout
from .patterns import IMAGE, Patterns


def in_the_wild() -> Layout:
    """``images/{n}.jpg`` and ``masks/{n}.png``; there are no authentic images."""
    patterns = Patterns(
        forged=rf'images/(?P<key>[^/]+?){IMAGE}',
        mask=rf'masks/(?P<key>[^/]+?){IMAGE}',
        tags=lambda key: ('splice',),
        sources=lambda key: (f'in_the_wild/{key}',),
    )
    hint = 'ROOT is the unpacked label_in_wild, with images/ and masks/'
    return Layout('in_the_wild', 'In-the-Wild', patterns, forged=201, hint=hint)
