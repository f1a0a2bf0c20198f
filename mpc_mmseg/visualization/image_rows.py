"""The images of a report: photograph, ground truth, heat map, mask and F1 of each."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mpc_mmseg.datasets.io.image_io import read_image, read_mask
from mpc_mmseg.probability import binarize, map_name

from .overlay import TRUTH_COLOUR, heat_map, outline
from .pictures import Picture, jpeg_picture, png_picture

_COUNTS = ('tp', 'fp', 'fn', 'tn')
_TOP_LEVELS: dict[np.dtype, int] = {
    np.dtype(np.uint8): 255,
    np.dtype(np.uint16): 65535,
}


def choose_images(records: list[dict], limit: int) -> list[dict]:
    """Orders images from best to worst F1, authentic ones last, and thins them out.

    Thinned out evenly, so that good and bad ones stay in proportion.

    Raises:
        ValueError: If ``limit`` is not positive.
    """
    if limit < 1:
        raise ValueError(f'limit must be positive, got {limit}')
    ranked = sorted(
        records, key=lambda r: (not r['forged'], -r.get('F1', 0), r['img_path'])
    )
    if len(ranked) <= limit:
        return ranked
    chosen = np.unique(np.linspace(0, len(ranked) - 1, limit).round().astype(int))
    return [ranked[i] for i in chosen]


@dataclass(frozen=True)
class ImageRow:
    """One image of a page.

    Attributes:
        name: Of the image.
        pictures: By column: photograph, ground truth, heat map and so on.
        note: Such as its F1.
        score: A number in 0..1 that is drawn as a bar, if there is one.
    """

    name: str
    pictures: Mapping[str, Picture]
    note: str
    score: float | None = None


class ProbabilityFiles:
    """Finds the probability map of an image in a folder.

    A map is an 8- or 16-bit grey PNG named as ``tools/test.py --out`` names it,
    ``<stem>.png`` or ``<stem>_prob.png``, in the folder or below; where names repeat,
    below a folder named as the data set.

    Args:
        folder: The folder.

    Raises:
        FileNotFoundError: If it has no PNG.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        for path in sorted(self.folder.rglob('*.png')):
            self._by_name[path.name].append(path)
        if not self._by_name:
            raise FileNotFoundError(f'{folder} holds no PNG with probabilities')

    def read(self, record: dict) -> np.ndarray:
        """Reads the map of an image as (H, W) float32 in 0..1.

        Args:
            record: Its line of `read_per_image`.

        Raises:
            FileNotFoundError: If there is none.
            ValueError: If several fit, or the file is no grey PNG.
        """
        stem = Path(record['img_path']).stem
        names = dict.fromkeys([map_name(record), f'{stem}.png', f'{stem}_prob.png'])
        paths = next((self._by_name[n] for n in names if n in self._by_name), [])
        if len(paths) > 1:
            name = record['dataset']
            own = [p for p in paths if name in p.relative_to(self.folder).parts]
            paths = own or paths
        if not paths:
            raise FileNotFoundError(
                f'{self.folder} holds no probability map of {record["img_path"]}: '
                f'none of {", ".join(names)}'
            )
        if len(paths) > 1:
            raise ValueError(
                f'{paths[0]} and {paths[1]} both fit {record["img_path"]}; put the '
                'maps of each data set into a folder of its name'
            )
        levels = cv2.imread(str(paths[0]), cv2.IMREAD_UNCHANGED)
        if levels is None or levels.ndim != 2 or levels.dtype not in _TOP_LEVELS:
            raise ValueError(f'{paths[0]} is no grey PNG of 8 or 16 bits')
        return levels.astype(np.float32) / _TOP_LEVELS[levels.dtype]


def image_row(
    record: dict,
    maps: ProbabilityFiles | None = None,
    threshold: float = 0.5,
    overlay: bool = False,
) -> ImageRow:
    """Puts the pictures of one image together.

    Args:
        record: Its line of `read_per_image`.
        maps: Where its probability map is; without, map and mask are left out.
        threshold: Of the mask, as in `binarize`.
        overlay: Whether to draw ground truth and mask onto the photograph, too.

    Raises:
        ValueError: If its map or its mask has another size. Names the file.
    """
    image = read_image(record['img_path'])
    pictures = {'photograph': jpeg_picture(image)}
    truth_path = record.get('seg_map_path')
    truth = np.zeros(image.shape[:2], np.uint8)
    if truth_path:
        truth = read_mask(truth_path)
        _check_size(truth, image, truth_path, record['img_path'])
    pictures['ground truth'] = png_picture(truth)
    drawn = image
    if maps is not None:
        prob = maps.read(record)
        _check_size(prob, image, f'the map in {maps.folder}', record['img_path'])
        drawn = outline(image, binarize(prob, threshold), opacity=0.35)
        pictures['heat map'] = jpeg_picture(heat_map(prob))
        pictures[f'mask at {threshold:g}'] = png_picture(binarize(prob, threshold))
    if overlay:
        pictures['overlay'] = jpeg_picture(outline(drawn, truth, TRUTH_COLOUR))
    if record['forged']:
        note, score = f'F1 {record["F1"]:.3f}', record['F1']
    else:
        share = predicted_share(record)
        note, score = f'authentic; predicted forged: {share:.1%}', None
    return ImageRow(Path(record['img_path']).name, pictures, note, score)


def predicted_share(record: dict) -> float:
    """Share of an image's pixels that are predicted forged."""
    total = sum(record[name] for name in _COUNTS)
    return (record['tp'] + record['fp']) / max(total, 1)


def _check_size(found: np.ndarray, image: np.ndarray, what: str, path: str) -> None:
    if found.shape != image.shape[:2]:
        raise ValueError(
            f'{what} is {found.shape} but {path} is {image.shape[:2]} (height, width)'
        )
