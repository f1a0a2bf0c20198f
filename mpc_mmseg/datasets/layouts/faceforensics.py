"""FaceForensics++, as frames of its videos.

Roessler, Cozzolino, Verdoliva, Riess, Thies, Niessner, "FaceForensics++: Learning to
Detect Manipulated Facial Images", ICCV 2019.
"""

from .layout import Layout
from .patterns import IMAGE, Patterns

# FaceSwap and Face2Face render a face model, the others are networks.
METHODS = {
    'Deepfakes': 'ai',
    'Face2Face': 'splice',
    'FaceSwap': 'splice',
    'NeuralTextures': 'ai',
}


def faceforensics(compression: str = 'c23') -> Layout:
    """``manipulated_sequences/{method}/{compression}/images/{video}/{frame}.png``.

    Masks lie in ``manipulated_sequences/{method}/masks/images/``, authentic frames in
    ``original_sequences/youtube/{compression}/images/``. The data set consists of
    videos; these are the folders into which frames are usually extracted.

    Args:
        compression: 'raw', 'c23' or 'c40'.

    Raises:
        ValueError: If there is no such compression.
    """
    if compression not in ('raw', 'c23', 'c40'):
        raise ValueError(
            f"compression must be 'raw', 'c23' or 'c40', not {compression!r}"
        )
    method = rf'manipulated_sequences/(?P<key1>{"|".join(METHODS)})'
    frame = rf'(?P<key2>[^/]+)/(?P<key3>[^/]+?){IMAGE}'
    patterns = Patterns(
        forged=rf'{method}/{compression}/images/{frame}',
        mask=rf'{method}/masks/images/{frame}',
        authentic=rf'original_sequences/youtube/{compression}/images/{frame}',
        ignore=r'(?:manipulated|original)_sequences/.*',
        tags=lambda key: (METHODS[key.partition('/')[0]],),
        sources=_sources,
    )
    hint = 'extract frames: video 000_003 as images/000_003/0001.png and so on'
    return Layout(
        'faceforensics', 'FaceForensics++ (frames)', patterns, scored=1000, hint=hint
    )


def _sources(key: str) -> tuple[str, ...]:
    video = key.split('/')[-2]
    return tuple(f'faceforensics/{each}' for each in video.split('_'))
