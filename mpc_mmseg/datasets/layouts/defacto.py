"""DEFACTO: forgeries of MS COCO photographs.

Mahfoudi, Tajini, Retraint, Morain-Nicolier, Dugelay, Pic, "DEFACTO: Image and Face
Manipulation Dataset", EUSIPCO 2019.
"""

from .layout import Layout, coco_ids
from .patterns import IMAGE, Patterns

KINDS = {
    'splicing': ('splice', r'splicing_(?P<key1>\d)'),
    'copymove': ('copy-move', r'copymove'),
    'inpainting': ('removal', r'inpainting'),
}


def defacto(kind: str = 'splicing') -> Layout:
    """``{kind}_img/img/*.tif`` and ``{kind}_annotations/probe_mask/*.jpg``.

    The splices come in seven archives, ``splicing_1_img`` to ``splicing_7_img``.

    Args:
        kind: 'splicing', 'copymove' or 'inpainting'.

    Raises:
        ValueError: If there is no such kind.
    """
    if kind not in KINDS:
        raise ValueError(f'kind must be one of {list(KINDS)}, not {kind!r}')
    tag, folder = KINDS[kind]
    patterns = Patterns(
        forged=rf'{folder}_img/img/(?P<key2>[^/]+?){IMAGE}',
        mask=rf'{folder}_annotations/probe_mask/(?P<key2>[^/]+?){IMAGE}',
        ignore=r'.*_(?:annotations|img)/.*',
        tags=lambda key: (tag,),
        sources=coco_ids,
    )
    hint = f'ROOT holds {kind}..._img and {kind}..._annotations'
    return Layout('defacto', 'DEFACTO', patterns, hint=hint)
