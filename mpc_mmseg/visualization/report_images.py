"""The images of a report: rows of pictures."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mpc_mmseg.datasets.io.image_io import (
    ImageReadError,
    read_grey,
    read_image,
    read_mask,
)
from mpc_mmseg.evaluation.results.results_file import COUNTS
from mpc_mmseg.probability import binarize, map_name

from .pictures import Picture, heat_map, jpeg_picture, png_picture
from .pictures import overlay as draw_overlay

_TOP_LEVELS: dict[np.dtype, int] = {
    np.dtype(np.uint8): 255,
    np.dtype(np.uint16): 65535,
}


@dataclass(frozen=True)
class ImageRow:
    """One image of a page.

    Attributes:
        name: Name of the image.
        pictures: By column: photograph, ground truth, heat map and so on.
        note: Such as its F1.
        score: A number in 0..1 that is drawn as a bar, if any.
    """

    name: str
    pictures: Mapping[str, Picture]
    note: str
    score: float | None = None


class ProbabilityFiles:
    """Finds the probability map of an image in a folder.

    A map is an 8- or 16-bit grey PNG in the folder or below, with its name of
    ``tools/test.py --out``, ``<stem>.png`` or ``<stem>_prob.png``; if names repeat, in
    a folder with the name of the data set.

    Raises:
        FileNotFoundError: If the folder has no PNG.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        for path in sorted(self.folder.rglob('*.png')):
            self._by_name[path.name].append(path)
        if not self._by_name:
            raise FileNotFoundError(f'{folder} has no PNG with probabilities')

    def read(self, record: dict) -> np.ndarray:
        """Reads the map of an image as (H, W) float32 in 0..1.

        Args:
            record: Its entry in the results.

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
                f'{self.folder} has no probability map of {record["img_path"]}: '
                f'none of {", ".join(names)}'
            )
        if len(paths) > 1:
            raise ValueError(
                f'{paths[0]} and {paths[1]} both fit {record["img_path"]}; put the '
                'maps of each data set into a folder with its name'
            )
        try:
            levels = read_grey(paths[0])
        except ImageReadError as error:
            raise ValueError(
                f'{paths[0]} is no grey PNG of 8 or 16 bits: {error}'
            ) from error
        return levels.astype(np.float32) / _TOP_LEVELS[levels.dtype]


def image_row(
    records: Mapping[str, dict],
    maps: Mapping[str, ProbabilityFiles],
    threshold: float = 0.5,
    root: str | Path | None = None,
) -> ImageRow:
    """The pictures of one image, and what each run scores on it.

    Args:
        records: Run -> the image's entry in its results.
        maps: Run -> its probability maps, for runs that have any. Mask and overlay are
            those of the first one.
        threshold: Threshold of the mask, as in `binarize`.
        root: Show only pictures below this folder; None for any.

    Returns:
        A row without pictures if they cannot be read: they may be elsewhere.

    Raises:
        ValueError: If a map or the mask has another size. The message names the file.
    """
    record, alone = next(iter(records.values())), len(records) == 1
    name, score = Path(record['img_path']).name, record.get('F1') if alone else None
    notes = {run: _note(each) for run, each in records.items()}
    note = '; '.join(text if alone else f'{run}: {text}' for run, text in notes.items())
    if not maps:
        note += ' (not drawn: the page was made without --maps)'
    try:
        pictures = _pictures(records, maps, threshold, root)
    except OSError as error:
        return ImageRow(name, {}, f'no picture: {error}')
    return ImageRow(name, pictures, note, score)


def _note(record: dict) -> str:
    if record['forged']:
        return f'F1 {record["F1"]:.3f}'
    return f'authentic; predicted forged: {predicted_share(record):.1%}'


def _pictures(
    records: Mapping[str, dict],
    maps: Mapping[str, ProbabilityFiles],
    threshold: float,
    root: str | Path | None,
) -> dict[str, Picture]:
    record = next(iter(records.values()))
    path, gt_path = record['img_path'], record.get('seg_map_path')
    for each in filter(None, (path, gt_path)):
        # The path as written: links below the folder are its owner's.
        written = Path(os.path.abspath(each))
        if root is not None and not written.is_relative_to(os.path.abspath(root)):
            raise OSError(f'{each} is not below {root} (--images)')
    image = read_image(path)
    gt = np.zeros(image.shape[:2], np.uint8)
    if gt_path:
        gt = read_mask(gt_path)
        _check_size(gt, image, gt_path, path)
    pictures = {'photograph': jpeg_picture(image), 'ground truth': png_picture(gt)}
    mask = None
    for run in (name for name in records if name in maps):
        prob = maps[run].read(records[run])
        _check_size(prob, image, f'the map in {maps[run].folder}', path)
        column = 'heat map' if len(records) == 1 else f'heat map: {run}'
        pictures[column] = jpeg_picture(heat_map(prob))
        if mask is None:
            mask = binarize(prob, threshold)
    if mask is not None:
        pictures[f'mask at {threshold:g}'] = png_picture(mask)
    pictures['overlay'] = jpeg_picture(draw_overlay(image, gt, mask))
    return pictures


def predicted_share(record: dict) -> float:
    """Share of an image's pixels that are predicted forged."""
    total = sum(record[name] for name in COUNTS)
    return (record['tp'] + record['fp']) / max(total, 1)


def _check_size(found: np.ndarray, image: np.ndarray, what: str, path: str) -> None:
    if found.shape != image.shape[:2]:
        raise ValueError(
            f'{what} is {found.shape} but {path} is {image.shape[:2]} (height, width)'
        )


def best_and_worst(images: Sequence[dict], limit: int) -> dict[str, list[dict]]:
    """At most ``limit`` entries of images by heading.

    The best and worst forged images by F1, and the authentic ones with the largest
    share predicted forged; no image twice.
    """
    forged = sorted(
        (image for image in images if image['forged']),
        key=lambda image: (-image['F1'], image['img_path']),
    )
    authentic = sorted(
        (image for image in images if not image['forged']),
        key=lambda image: (-predicted_share(image), image['img_path']),
    )
    n_alarms = min(len(authentic), limit // 4) if forged else min(len(authentic), limit)
    n_forged = min(len(forged), limit - n_alarms)
    n_best = (n_forged + 1) // 2
    n_worst = n_forged - n_best
    return {
        'Best images': forged[:n_best],
        'Worst images': forged[len(forged) - n_worst :][::-1],
        'Authentic images, largest predicted forged share first': authentic[:n_alarms],
    }
