"""A page of made forgeries, to be looked at before training on them."""

import json
from pathlib import Path

import numpy as np

from mpc_mmseg.datasets.forge.folder_checks import RECORDS
from mpc_mmseg.datasets.io.image_io import read_image, read_mask

from .html_elements import Picture, covered_figure, page, paragraph
from .image_rows import jpeg_picture
from .overlay import outline

_LONG_SIDE = 420  # pixels; smaller ones would hide the traces


def write_gallery(folder: Path, limit: int = 60) -> Path:
    """Write ``gallery.html`` into a set of made forgeries.

    Each image stands alone; with the pointer on it, what was forged is outlined and the
    caption is true. So a person can first look and then know.

    Args:
        folder: what ``make_forgeries`` made.
        limit: how many images to show, in their order, evenly thinned out.

    Returns:
        The page's path.

    Raises:
        FileNotFoundError: the folder is no such set.
        ValueError: ``limit`` is not positive.
    """
    if limit < 1:
        raise ValueError(f'limit must be positive, got {limit}')
    path = folder / RECORDS
    if not path.is_file():
        raise FileNotFoundError(f'{folder} is no set of made forgeries: no {RECORDS}')
    lines = path.read_text(encoding='utf-8').splitlines()
    chosen = np.unique(np.linspace(0, len(lines) - 1, min(limit, len(lines))).round())
    figures = [_figure(folder, json.loads(lines[int(each)])) for each in chosen]
    gallery = folder / 'gallery.html'
    parts = [
        paragraph('Point at an image, or tap it, to see what was forged.'),
        f'<div class="gallery">{"".join(figures)}</div>',
    ]
    gallery.write_text(page(folder.name, parts), encoding='utf-8')
    return gallery


def _figure(folder: Path, record: dict) -> str:
    image = read_image(folder / record['image'])
    truth = None
    if 'mask' in record:
        truth = _picture(outline(image, read_mask(folder / record['mask'])))
    return covered_figure(_picture(image, _caption(record)), truth)


def _caption(record: dict) -> str:
    drawn = record['parameters']
    parts = [f'{record["kind"].replace("_", " ")}, {record["forged_share"]:.1%}']
    parts += [
        str(drawn[name]) for name in ('method', 'effect', 'text') if name in drawn
    ]
    parts += ['Poisson'] if drawn.get('poisson') else []
    return '; '.join(parts)


def _picture(image: np.ndarray, caption: str = '') -> Picture:
    return Picture(jpeg_picture(image, _LONG_SIDE).data, caption)
