"""Layouts of public data sets in which the mask of an image follows from its path.

The papers, terms and known defects of the data sets are in docs/datasets.md.
"""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from .layout import Find, Inventory, check_option, coco_ids, layout, raise_ids
from .mask_decoding import (
    any_is_forged,
    bright_is_forged,
    dark_is_forged,
    green_is_forged,
)
from .patterns import IMAGE, Patterns

#: Kind of DEFACTO -> tag, and the start of its folders' names.
DEFACTO = {
    'splicing': ('splice', r'splicing_(?P<key1>\d)'),
    'copymove': ('copy-move', r'copymove'),
    'inpainting': ('removal', r'inpainting'),
}
# FaceSwap and Face2Face render a face model, the others are networks.
FACEFORENSICS = {
    'Deepfakes': 'ai',
    'Face2Face': 'splice',
    'FaceSwap': 'splice',
    'NeuralTextures': 'ai',
}
# Grey levels of Korus' three labels: black, a middle grey, white.
KORUS_FORGED_ABOVE = {'forged': 10, 'authentic': 200}
CASIA_MASK = (
    r'(?:[^/]*(?:groundtruth|gt|masks)[^/]*/(?:[^/]+/)*'
    r'(?P<key1>{0}_[DS]_[^/]*?)(?:_gt\d*)?|(?P<key2>{0}_[DS]_[^/]*?)_gt\d*)\.png'
)


@layout('AutoSplice', 3621, 2273, hint='ROOT holds Authentic/, Forged_JPEG100/, Mask/')
def autosplice(quality: int = 100) -> Find:
    """``Authentic/``, ``Forged_JPEG{quality}/``, ``Mask/``.

    ``12_3`` is the third forgery of photograph 12.

    Args:
        quality: JPEG quality of the forged images: 100, 90 or 75.
    """
    check_option('quality', quality, (100, 90, 75))
    return Patterns(
        forged=rf'Forged_JPEG{quality}/(?P<key>[^/]+?){IMAGE}',
        mask=rf'Mask/(?P<key>[^/]+?)(?:_mask)?{IMAGE}',
        authentic=rf'Authentic/(?P<key>[^/]+?){IMAGE}',
        ignore=r'Forged_JPEG\d+/[^/]+',
        tags=lambda key: ('ai', 'splice'),
        sources=lambda key: (f'autosplice/{key.partition("_")[0]}',),
        loose=lambda key: key.partition('_')[0],
        shared=True,
    )


@layout('CASIA v1.0', 920, 800, hint='unpack Au, Modified Tp and the masks into ROOT')
def casia_v1() -> Find:
    """``Au/``, ``Tp/{CM,Sp}/`` and ``CASIA 1.0 groundtruth/{CM,Sp}/*_gt.png``.

    Many tampered images of both versions were misnamed, and the masks, which others
    drew, have the corrected names; the number at the end of a name is correct in both.
    """
    patterns = Patterns(
        forged=r'(?P<key>Sp_[DS]_[^/]*?)\.jpe?g',
        mask=CASIA_MASK.format('Sp'),
        authentic=rf'(?P<key>Au_[^/]*?){IMAGE}',
        ignore=r'[^/]*_combine\.png',
        tags=_casia_tags,
        sources=lambda key: _casia_sources('casia_v1', key),
        loose=lambda key: key.rpartition('_')[2],
        maskless=('Sp_D_NRN_A_cha0011_sec0011_0542',),
    )

    def find(root: Path, files: Sequence[str]) -> Inventory:
        # There are two versions; the modified one has the names of the masks.
        if any('Modified Tp/' in file for file in files):
            files = [file for file in files if 'Original Tp/' not in file]
        return patterns(root, files)

    return find


@layout('CASIA v2.0', 5123, 7491, hint='unpack Au, Tp and the masks into ROOT')
def casia_v2() -> Find:
    """``Au/``, ``Tp/`` and ``CASIA 2 Groundtruth/*_gt.png``."""
    return Patterns(
        forged=r'(?P<key>Tp_[DS]_[^/]*?)\.(?:jpe?g|tiff?|bmp)',
        mask=CASIA_MASK.format('Tp'),
        authentic=rf'(?P<key>Au_[^/]*?){IMAGE}',
        tags=_casia_tags,
        sources=lambda key: _casia_sources('casia_v2', key),
        loose=lambda key: key.rpartition('_')[2],
    )


def _casia_tags(key: str) -> tuple[str, ...]:
    return ('splice',) if key[3].upper() == 'D' else ('copy-move',)


def _casia_sources(data_set: str, key: str) -> tuple[str, ...]:
    """The photographs in ``Tp_D_..._ani00018_sec00096_00138``, ``Au_ani_0001``."""
    ids = re.findall(r'([a-z]{3})_?(\d{4,5})(?=_|$)', key.lower())
    # xxx00000 means that the source is not known
    known = {f'{data_set}/{a}{b}' for a, b in ids if a != 'xxx'}
    return tuple(sorted(known)) or (f'{data_set}/{key}',)


@layout('Columbia Uncompressed', 180, 183, 160, 'unpack 4cam_auth and 4cam_splc')
def columbia() -> Find:
    """``4cam_auth/*.tif``, ``4cam_splc/*.tif``, ``4cam_splc/edgemask/*_edgemask.jpg``.

    The edge masks show the region of one camera in green and that of the other in red;
    green is the splice. The archives nest each folder in one of the same name.
    """
    return Patterns(
        forged=rf'4cam_splc/(?P<key>[^/]+?){IMAGE}',
        mask=rf'4cam_splc/edgemask/(?P<key>[^/]+?)_edgemask{IMAGE}',
        authentic=rf'4cam_auth/(?P<key>[^/]+?){IMAGE}',
        ignore=r'edgemask/[^/]*',
        tags=lambda key: ('splice',),
        sources=lambda key: (f'columbia/{key}',),
        decode=green_is_forged,
    )


@layout('COVERAGE', 100, 100, hint='ROOT holds image/ and mask/')
def coverage() -> Find:
    """``image/{n}.tif`` authentic, ``image/{n}t.tif`` forged, ``mask/{n}forged.tif``.

    ``{n}copy.tif`` marks the copied original and ``{n}paste.tif`` the similar object;
    both are authentic pixels.
    """
    return Patterns(
        forged=rf'image/(?P<key>\d+)t{IMAGE}',
        mask=rf'mask/(?P<key>\d+)forged{IMAGE}',
        authentic=rf'image/(?P<key>\d+){IMAGE}',
        ignore=r'mask/\d+(?:copy|paste)\.tif',
        tags=lambda key: ('copy-move',),
        sources=lambda key: (f'coverage/{key}',),
    )


@layout('DEFACTO', hint='ROOT holds KIND..._img and KIND..._annotations')
def defacto(kind: str = 'splicing') -> Find:
    """``{kind}_img/img/*.tif`` and ``{kind}_annotations/probe_mask/*.jpg``.

    The splices come in seven archives, ``splicing_1_img`` to ``splicing_7_img``.

    Args:
        kind: 'splicing', 'copymove' or 'inpainting'.
    """
    check_option('kind', kind, DEFACTO)
    tag, folder = DEFACTO[kind]
    return Patterns(
        forged=rf'{folder}_img/img/(?P<key2>[^/]+?){IMAGE}',
        mask=rf'{folder}_annotations/probe_mask/(?P<key2>[^/]+?){IMAGE}',
        ignore=r'.*_(?:annotations|img)/.*',
        tags=lambda key: (tag,),
        sources=coco_ids,
    )


@layout('DSO-1', 100, 100, hint='ROOT is the unpacked tifs-database')
def dso1() -> Find:
    """``DSO-1/splicing-*.png``, ``DSO-1/normal-*.png``, ``DSO-1-Fake-Images-Masks/``.

    A mask has its image's name; black is forged.
    """
    return Patterns(
        forged=rf'DSO-1/(?P<key>splicing-[^/]+?){IMAGE}',
        mask=rf'DSO-1-Fake-Images-Masks/(?P<key>splicing-[^/]+?){IMAGE}',
        authentic=rf'DSO-1/(?P<key>normal-[^/]+?){IMAGE}',
        ignore=r'DSI-1[^/]*/.*',
        tags=lambda key: ('splice',),
        sources=lambda key: (f'dso1/{key}',),
        decode=dark_is_forged,
    )


@layout(
    'FaceForensics++ (frames)',
    scored=1000,
    hint='extract frames: video 000_003 as images/000_003/0001.png and so on',
)
def faceforensics(compression: str = 'c23') -> Find:
    """``manipulated_sequences/{method}/{compression}/images/{video}/{frame}.png``.

    Masks lie in ``manipulated_sequences/{method}/masks/images/``, authentic frames in
    ``original_sequences/youtube/{compression}/images/``. The data set consists of
    videos; these are the folders into which frames are usually extracted.

    Args:
        compression: 'raw', 'c23' or 'c40'.
    """
    check_option('compression', compression, ('raw', 'c23', 'c40'))
    method = rf'manipulated_sequences/(?P<key1>{"|".join(FACEFORENSICS)})'
    frame = rf'(?P<key2>[^/]+)/(?P<key3>[^/]+?){IMAGE}'

    def sources(key: str) -> tuple[str, ...]:
        video = key.split('/')[-2]
        return tuple(f'faceforensics/{each}' for each in video.split('_'))

    return Patterns(
        forged=rf'{method}/{compression}/images/{frame}',
        mask=rf'{method}/masks/images/{frame}',
        authentic=rf'original_sequences/youtube/{compression}/images/{frame}',
        ignore=r'(?:manipulated|original)_sequences/.*',
        tags=lambda key: (FACEFORENSICS[key.partition('/')[0]],),
        sources=sources,
    )


@layout('IMD2020 (real-life)', 2010, 414, hint='ROOT holds one folder per original')
def imd2020() -> Find:
    """One folder per original: ``x_orig.jpg``, forged ``y.png``, ``y_mask.png``."""
    return Patterns(
        forged=rf'(?P<key1>[^/]+)/(?P<key2>[^/]+?)(?<!_mask)(?<!_orig){IMAGE}',
        mask=rf'(?P<key1>[^/]+)/(?P<key2>[^/]+?)_mask{IMAGE}',
        authentic=rf'(?P<key1>[^/]+)/(?P<key2>[^/]+?)_orig{IMAGE}',
        sources=lambda key: (f'imd2020/{key.partition("/")[0]}',),
    )


@layout('In-the-Wild', 201, hint='ROOT is label_in_wild, with images/ and masks/')
def in_the_wild() -> Find:
    """``images/{n}.jpg`` and ``masks/{n}.png``; there are no authentic images."""
    return Patterns(
        forged=rf'images/(?P<key>[^/]+?){IMAGE}',
        mask=rf'masks/(?P<key>[^/]+?){IMAGE}',
        tags=lambda key: ('splice',),
        sources=lambda key: (f'in_the_wild/{key}',),
    )


@layout('Korus (Realistic Tampering)', 220, 220, hint='ROOT holds the four cameras')
def korus(collateral: str = 'forged') -> Find:
    """``{camera}/`` with ``pristine/``, ``tampered-realistic/``, ``ground-truth/``.

    Args:
        collateral: Class of the grey label, pixels that were changed without a change
            of content: 'forged' or 'authentic'.
    """
    check_option('collateral', collateral, KORUS_FORGED_ABOVE)
    camera = r'(?P<key1>Canon_60D|Nikon_D90|Nikon_D7000|Sony_A57)'
    return Patterns(
        forged=rf'{camera}/tampered-realistic/(?P<key2>[^/]+?){IMAGE}',
        mask=rf'{camera}/ground-truth/(?P<key2>[^/]+?){IMAGE}',
        authentic=rf'{camera}/pristine/(?P<key2>[^/]+?){IMAGE}',
        # the Nikon photographs are from RAISE, whose ids other data sets share
        sources=lambda key: raise_ids(key)[:1] or (f'korus/{key}',),
        decode=partial(bright_is_forged, above=KORUS_FORGED_ABOVE[collateral]),
    )


@layout('MISD', 300, 618, scored=227, hint='ROOT holds Au/, Sp/, Ground Truth Masks/')
def misd() -> Find:
    """``Au/``, ``Sp/``, ``Ground Truth Masks/{name}/masks/``; one mask per object."""

    def sources(key: str) -> tuple[str, ...]:
        # Sp_D_ani_00001_art_00002_138, Au_ani_00001
        ids = re.findall(r'([a-z]{3})_?(\d+)', key.lower())
        known = sorted({f'misd/{a}{int(b)}' for a, b in ids})
        return tuple(known) or (f'misd/{key}',)

    return Patterns(
        forged=rf'Sp/(?P<key>[^/]+?){IMAGE}',
        mask=rf'Ground Truth Masks/(?P<key>[^/]+)/masks/[^/]+{IMAGE}',
        authentic=rf'Au/(?P<key>[^/]+?){IMAGE}',
        ignore=r'Ground Truth Masks/[^/]+/images/[^/]+',
        tags=lambda key: ('splice',),
        sources=sources,
        decode=any_is_forged,
    )
