"""A page of synthetic forgeries, to inspect before training on them."""

from pathlib import Path

import numpy as np

from mpc_mmseg.datasets.forge.forgery_folder import RECORDS
from mpc_mmseg.datasets.io.image_io import read_image, read_mask
from mpc_mmseg.json_files import json_lines

from .pages import render
from .pictures import Picture, jpeg_picture, outline

_LONG_SIDE = 420  # pixels; smaller images would hide the traces


def write_gallery(folder: Path, limit: int = 60) -> Path:
    """Write ``gallery.html`` into a set of synthetic forgeries.

    The forged region is outlined while the pointer is on an image.

    Args:
        folder: Folder that ``make_forgeries`` wrote.
        limit: Number of images at most, evenly chosen in their order.

    Returns:
        The page's path.

    Raises:
        FileNotFoundError: If the folder is no such set.
        ValueError: If ``limit`` is not positive.
    """
    if limit < 1:
        raise ValueError(f'limit must be positive, got {limit}')
    path = folder / RECORDS
    if not path.is_file():
        raise FileNotFoundError(
            f'{folder} is no set of synthetic forgeries: no {RECORDS}'
        )
    records = [record for _, record in json_lines(path)]
    number = min(limit, len(records))
    chosen = np.unique(np.linspace(0, len(records) - 1, number).round())
    samples = [_sample(folder, records[int(each)]) for each in chosen]
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
