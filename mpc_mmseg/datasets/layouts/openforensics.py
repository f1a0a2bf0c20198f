"""OpenForensics (Le et al., ICCV 2021): AI-generated faces, several per image."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from mpc_mmseg.datasets.lists.coco_annotations import (
    draw_segmentation,
    read_annotations,
)

from .layout import Find, Inventory, Sample, layout
from .tables import only_file

SPLITS = ('Train', 'Val', 'Test-Dev', 'Test-Challenge')


@layout('OpenForensics', hint='ROOT holds SPLIT/ and SPLIT_poly.json')
def openforensics(split: str = 'Train') -> Find:
    """``{split}/*.jpg`` and ``{split}_poly.json``, in COCO's format.

    Faces of the category "Fake" are forged; an image without one is authentic.

    Args:
        split: 'Train', 'Val', 'Test-Dev' or 'Test-Challenge'.
    """
    if split not in SPLITS:
        raise ValueError(f'split must be one of {SPLITS}, not {split!r}')

    def find(root: Path, files: Sequence[str]) -> Inventory:
        table = only_file(files, f'{split}_poly.json')
        content = read_annotations(root / table)
        categories = content['categories'].items()
        fake = {key for key, each in categories if str(each['name']).lower() == 'fake'}
        if not fake:
            raise ValueError(f'{table} has no category "Fake"; check the download')
        paths = {
            PurePosixPath(file).name: file
            for file in files
            if PurePosixPath(file).parent.name == split
        }
        found = Inventory()
        for number, image in content['images'].items():
            file = paths.pop(PurePosixPath(image['file_name']).name, None)
            if file is None:
                found.missing.append(image['file_name'])
                continue
            faces = [
                each['segmentation']
                for each in content['annotations'].get(number, [])
                if each['category_id'] in fake
            ]
            size = image['height'], image['width']
            found.samples.append(
                Sample(
                    file,
                    draw=partial(_draw, faces=faces, size=size) if faces else None,
                    tags=('ai',) if faces else (),
                    sources=(f'openimages/{PurePosixPath(file).stem}',),
                )
            )
        found.extra += [f for f in paths.values() if not f.endswith('.json')]
        return found

    return find


def _draw(root: Path, faces: Sequence, size: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(size, np.uint8)
    for face in faces:
        mask |= draw_segmentation(face, size)
    return mask
