"""A page of synthetic forgeries, to be looked at before training on them."""

import json
from pathlib import Path

import numpy as np

from mpc_mmseg.datasets.forge.forgery_folder import RECORDS
from mpc_mmseg.datasets.io.image_io import read_image, read_mask

from .overlay import outline
from .pages import render
from .pictures import Picture, jpeg_picture

_LONG_SIDE = 420  # pixels; smaller ones would hide the traces


def write_gallery(folder: Path, limit: int = 60) -> Path:
    """Write ``gallery.html`` into a set of synthetic forgeries.

    With the pointer on an image, what was forged is outlined: a person can first look
    and then know.

    Args:
        folder: that ``make_forgeries`` wrote.
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
        raise FileNotFoundError(
            f'{folder} is no set of synthetic forgeries: no {RECORDS}'
        )
    lines = path.read_text(encoding='utf-8').splitlines()
    chosen = np.unique(np.linspace(0, len(lines) - 1, min(limit, len(lines))).round())
    samples = [_sample(folder, json.loads(lines[int(each)])) for each in chosen]
    gallery = folder / 'gallery.html'
    page = render('gallery.html', title=folder.name, samples=samples)
    gallery.write_text(page, encoding='utf-8')
    return gallery


def _sample(folder: Path, record: dict) -> tuple[dict, Picture, Picture | None]:
    image = read_image(folder / record['image'])
    outlined = None
    if 'mask' in record:
        edge = outline(image, read_mask(folder / record['mask']))
        outlined = jpeg_picture(edge, _LONG_SIDE)
    return record, jpeg_picture(image, _LONG_SIDE), outlined
