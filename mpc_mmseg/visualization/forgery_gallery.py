"""A page of made forgeries, to be looked at before training on them."""

import base64
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

import cv2
import numpy as np

from mpc_mmseg.datasets.forge.folder_checks import RECORDS
from mpc_mmseg.datasets.image_io import read_image, read_mask

from .html_style import STYLE

_LONG_SIDE = 420
_GRID = """
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr));
  gap: 14px; }
.grid img { width: 100%; display: block; }
.pair { position: relative; }
.pair img + img { position: absolute; inset: 0; opacity: 0; }
.pair:hover img + img, .pair:focus img + img { opacity: 1; }
"""


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
    page = folder / 'gallery.html'
    page.write_text(gallery_page(folder.name, figures), encoding='utf-8')
    return page


def gallery_page(title: str, figures: Sequence[str]) -> str:
    """The page around the figures of :func:`write_gallery`."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<title>{escape(title)}</title><style>{STYLE}{_GRID}</style><main>'
        f'<h1>{escape(title)}</h1><p>Point at an image to see what was forged.</p>'
        f'<div class="grid">{"".join(figures)}</div></main></html>'
    )


def _figure(folder: Path, record: dict) -> str:
    image = read_image(folder / record['image'])
    shown = [image]
    if 'mask' in record:
        shown.append(outlined(image, read_mask(folder / record['mask'])))
    pictures = ''.join(f'<img src="{_data(each)}" alt="">' for each in shown)
    caption = f'{record["kind"].replace("_", " ")}, {record["forged_share"]:.1%}'
    drawn = record['parameters']
    extras = [
        str(drawn[name]) for name in ('method', 'effect', 'text') if name in drawn
    ]
    extras += ['Poisson'] if drawn.get('poisson') else []
    return (
        f'<figure><div class="pair" tabindex="0">{pictures}</div><figcaption>'
        f'{escape("; ".join([caption, *extras]))}</figcaption></figure>'
    )


def outlined(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """An image (H, W, 3) with the outline of a mask (H, W) in yellow."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    width = max(1, round(max(image.shape[:2]) / _LONG_SIDE * 1.5))
    return cv2.drawContours(image.copy(), outlines, -1, (0, 255, 255), width)


def _data(image: np.ndarray) -> str:
    scale = _LONG_SIDE / max(image.shape[:2])
    if scale < 1:
        image = cv2.resize(
            image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
        )
    _, encoded = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 92])
    return f'data:image/jpeg;base64,{base64.b64encode(encoded.tobytes()).decode()}'
