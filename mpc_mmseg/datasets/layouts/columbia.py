"""Columbia Uncompressed Image Splicing Detection.

Hsu, Chang, "Detecting Image Splicing Using Geometry Invariants and Camera
Characteristics Consistency", ICME 2006.
"""

from .layout import Layout
from .mask_decoding import green_is_forged
from .patterns import IMAGE, Patterns


def columbia() -> Layout:
    """``4cam_auth/*.tif``, ``4cam_splc/*.tif``, ``4cam_splc/edgemask/*_edgemask.jpg``.

    The edge masks show the region of one camera in green and that of the other in red;
    green is the splice. The archives nest each folder in one of the same name.
    """
    patterns = Patterns(
        forged=rf'4cam_splc/(?P<key>[^/]+?){IMAGE}',
        mask=rf'4cam_splc/edgemask/(?P<key>[^/]+?)_edgemask{IMAGE}',
        authentic=rf'4cam_auth/(?P<key>[^/]+?){IMAGE}',
        ignore=r'edgemask/[^/]*',
        tags=lambda key: ('splice',),
        sources=lambda key: (f'columbia/{key}',),
        decode=green_is_forged,
    )
    hint = 'unpack 4cam_auth and 4cam_splc into one folder'
    return Layout(
        'columbia',
        'Columbia Uncompressed',
        patterns,
        forged=180,
        authentic=183,
        scored=160,
        hint=hint,
    )
