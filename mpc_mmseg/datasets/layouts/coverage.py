"""COVERAGE: copy-moves beside similar authentic objects.

Wen, Zhu, Subramanian, Ng, Shen, Winkler, "COVERAGE - A Novel Database for Copy-Move
Forgery Detection", ICIP 2016.
"""

from .layout import Layout
from .patterns import IMAGE, Patterns


def coverage() -> Layout:
    """``image/{n}.tif`` authentic, ``image/{n}t.tif`` forged, ``mask/{n}forged.tif``.

    ``{n}copy.tif`` marks the copied original and ``{n}paste.tif`` the similar object;
    both are authentic pixels.
    """
    patterns = Patterns(
        forged=rf'image/(?P<key>\d+)t{IMAGE}',
        mask=rf'mask/(?P<key>\d+)forged{IMAGE}',
        authentic=rf'image/(?P<key>\d+){IMAGE}',
        ignore=r'mask/\d+(?:copy|paste)\.tif',
        tags=lambda key: ('copy-move',),
        sources=lambda key: (f'coverage/{key}',),
        names=tuple(str(number) for number in range(1, 101)),
    )
    hint = 'ROOT holds image/ and mask/'
    return Layout(
        'coverage', 'COVERAGE', patterns, forged=100, authentic=100, hint=hint
    )
