"""The images of a report: rows of pictures, and a table that sorts in the browser.

The rows of the table are data, and a script draws those that are requested: a browser
lays out ten thousand rows in seconds, but sorts them in milliseconds.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mpc_mmseg.datasets.io.image_io import (
    ImageReadError,
    read_grey,
    read_image,
    read_mask,
)
from mpc_mmseg.probability import binarize, map_name

from .pictures import Picture, heat_map, jpeg_picture, png_picture
from .pictures import overlay as draw_overlay
from .results_files import Run

_COUNTS = ('tp', 'fp', 'fn', 'tn')
_TOP_LEVELS: dict[np.dtype, int] = {
    np.dtype(np.uint8): 255,
    np.dtype(np.uint16): 65535,
}


def choose_images(records: list[dict], limit: int) -> list[dict]:
    """At most ``limit`` images, evenly chosen from best to worst F1, authentic last.

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
    record: dict,
    maps: ProbabilityFiles | None = None,
    threshold: float = 0.5,
    overlay: bool = False,
) -> ImageRow:
    """The pictures of one image.

    Args:
        record: Its line of `read_per_image`.
        maps: Its probability map's folder; without it, map and mask are left out.
        threshold: Threshold of the mask, as in `binarize`.
        overlay: Whether to also draw ground truth and mask onto the photograph.

    Raises:
        ValueError: If its map or its mask has another size. The message names the file.
    """
    image = read_image(record['img_path'])
    pictures = {'photograph': jpeg_picture(image)}
    gt = np.zeros(image.shape[:2], np.uint8)
    if gt_path := record.get('seg_map_path'):
        gt = read_mask(gt_path)
        _check_size(gt, image, gt_path, record['img_path'])
    pictures['ground truth'] = png_picture(gt)
    mask = None
    if maps is not None:
        prob = maps.read(record)
        _check_size(prob, image, f'the map in {maps.folder}', record['img_path'])
        mask = binarize(prob, threshold)
        pictures['heat map'] = jpeg_picture(heat_map(prob))
        pictures[f'mask at {threshold:g}'] = png_picture(mask)
    if overlay:
        pictures['overlay'] = jpeg_picture(draw_overlay(image, gt, mask))
    if record['forged']:
        note, score = f'F1 {record["F1"]:.3f}', record['F1']
    else:
        share = predicted_share(record)
        note, score = f'authentic; predicted forged: {share:.1%}', None
    if overlay and maps is None:
        note += ' (not drawn: the page was made without --maps)'
    return ImageRow(Path(record['img_path']).name, pictures, note, score)


def compared_row(
    records: Mapping[str, dict], maps: Mapping[str, ProbabilityFiles], threshold: float
) -> ImageRow:
    """One image with the heat map of each model, and what each scores.

    Args:
        records: Model -> its line of `read_per_image`; all of the same image.
        maps: Model -> folder of its probability maps.
        threshold: As of `image_row`.
    """
    rows = {n: image_row(r, maps[n], threshold) for n, r in records.items()}
    first = next(iter(rows.values()))
    pictures = {n: first.pictures[n] for n in ('photograph', 'ground truth')}
    pictures |= {f'heat map: {n}': row.pictures['heat map'] for n, row in rows.items()}
    note = '; '.join(f'{name}: {row.note}' for name, row in rows.items())
    return ImageRow(first.name, pictures, note)


def predicted_share(record: dict) -> float:
    """Share of an image's pixels that are predicted forged."""
    total = sum(record[name] for name in _COUNTS)
    return (record['tp'] + record['fp']) / max(total, 1)


def _check_size(found: np.ndarray, image: np.ndarray, what: str, path: str) -> None:
    if found.shape != image.shape[:2]:
        raise ValueError(
            f'{what} is {found.shape} but {path} is {image.shape[:2]} (height, width)'
        )


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes:
        name: Its heading.
        kind: 'text' is searched, 'choice' has a list to choose from, 'number' can be
            limited to a range.
        digits: Decimals of a number.
        printed: Whether it is also printed, where few columns fit.
    """

    name: str
    kind: str
    digits: int = 3
    printed: bool = True

    @property
    def style(self) -> str:
        """The classes of its cells."""
        return self.kind if self.printed else f'{self.kind} screen'

    def __post_init__(self) -> None:
        if self.kind not in ('text', 'choice', 'number'):
            raise ValueError(
                f"kind must be 'text', 'choice' or 'number', got {self.kind!r}"
            )


@dataclass(frozen=True)
class ImageTable:
    """The content of ``image_table.html``; one per page.

    Attributes:
        columns: Headings of the columns.
        rows: A value per column; None if absent.

    Raises:
        ValueError: If a row has another number of values.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(
                    f'{len(self.columns)} columns but a row of {len(row)}: {row}'
                )

    def choices(self, column: int) -> list[str]:
        """The different values of a column."""
        return sorted({str(r[column]) for r in self.rows if r[column] is not None})

    @property
    def data(self) -> dict[str, Any]:
        """The input of the script."""
        return {
            'columns': [
                {'kind': c.kind, 'style': c.style, 'digits': c.digits}
                for c in self.columns
            ],
            'rows': [
                [round(v, 6) if isinstance(v, float) else v for v in row]
                for row in self.rows
            ],
        }


def table_of_runs(runs: Sequence[Run]) -> ImageTable:
    """All images of all runs, without columns of a single run, data set or no tags."""
    records = [(run.name, image) for run in runs for image in run.images]
    extra = list(dict.fromkeys(n for _, i in records for n in i.get('scores') or ()))
    values: dict[Column, list[Any]] = {
        Column('run', 'choice'): [name for name, _ in records],
        Column('data set', 'choice'): [image['dataset'] for _, image in records],
    }
    values = {column: cells for column, cells in values.items() if len({*cells}) > 1}
    images = [image for _, image in records]
    values[Column('image', 'text')] = [Path(i['img_path']).name for i in images]
    values[Column('kind', 'choice')] = [
        'forged' if image['forged'] else 'authentic' for image in images
    ]
    tags = [', '.join(image.get('tags') or ()) for image in images]
    if any(tags):
        values[Column('tags', 'text')] = tags
    totals = [sum(image[name] for name in _COUNTS) for image in images]
    values[Column('megapixels', 'number', 2)] = [total / 1e6 for total in totals]
    for name, other in (('forged share', 'fn'), ('predicted forged', 'fp')):
        values[Column(name, 'number', 4)] = [
            (image['tp'] + image[other]) / total if total else None
            for image, total in zip(images, totals)
        ]
    for name, key in (('image score', 'image_score'), ('F1', 'F1'), ('IoU', 'IoU')):
        values[Column(name, 'number')] = [image.get(key) for image in images]
    for name in extra:
        values[Column(name, 'number', printed=False)] = [
            (image.get('scores') or {}).get(name) for image in images
        ]
    return ImageTable(list(values), list(zip(*values.values())))
