"""Accepted kinds of image inputs, and how they are read."""

import os
from collections.abc import Iterable, Iterator
from glob import glob, has_magic
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mpc_mmseg.datasets.io.find_images import find_images
from mpc_mmseg.datasets.io.image_io import PIXEL_LIMIT, image_of_pillow, read_image

#: A path, a file's content, an upright (H, W, 3) uint8 BGR array, a Pillow image.
Input = str | Path | bytes | np.ndarray | Image.Image


def expand(inputs: Input | Iterable[Input]) -> Iterator[Input]:
    """Lists the images of the inputs, one by one.

    Args:
        inputs: An image, a folder (read with its sub-folders), a pattern (``*``,
            ``?``, ``[]``, ``**``), a list (``.txt``, one of these per line, relative to
            the list), or any iterable of these, consumed lazily.

    Raises:
        FileNotFoundError: If a folder contains no image, no file matches a pattern, or
            a list is empty.
    """
    single = isinstance(inputs, Input)  # type: ignore[arg-type]
    for item in [inputs] if single else inputs:  # type: ignore[union-attr]
        if not isinstance(item, str | Path):
            yield item
        elif Path(item).is_dir():
            found, problems = find_images(str(item))
            if not found:
                held = problems[0][1].removeprefix(f'{item} ')
                raise FileNotFoundError(f'the folder {item} contains no image: {held}')
            yield from (path for _, path in found)
        elif has_magic(str(item)) and not Path(item).exists():
            files = filter(os.path.isfile, sorted(glob(str(item), recursive=True)))
            if not (matching := list(files)):
                raise FileNotFoundError(f'no file matches the pattern {item}')
            yield from matching
        elif Path(item).suffix == '.txt' and Path(item).is_file():
            lines = Path(item).read_text(encoding='utf-8-sig').splitlines()
            if not (named := [line.strip() for line in lines if line.strip()]):
                raise FileNotFoundError(f'the list {item} names no image')
            yield from expand(str(Path(item).parent / name) for name in named)
        else:
            yield item


def path_of(item: Input) -> str | None:
    """The path of an image; None if it has none."""
    if isinstance(item, Image.Image):
        return getattr(item, 'filename', None) or None
    return str(item) if isinstance(item, str | Path) else None


def pixels_of(item: Input, pixel_limit: int = PIXEL_LIMIT) -> np.ndarray:
    """Reads an image as (H, W, 3) uint8 BGR, upright.

    Raises:
        ImageReadError: If it cannot be read, or has more pixels than the limit.
        ValueError: If an array has another shape or dtype.
    """
    if isinstance(item, np.ndarray):
        if item.dtype != np.uint8 or item.ndim != 3 or item.shape[2] != 3:
            raise ValueError(
                f'an image must be (H, W, 3) uint8, got {item.shape} {item.dtype}'
            )
        if not item.size:
            raise ValueError(f'an image must have pixels, got shape {item.shape}')
        return item
    if isinstance(item, Image.Image):
        return image_of_pillow(item, pixel_limit)
    return read_image(item, pixel_limit=pixel_limit)


def as_loaded(pixels: np.ndarray, path: str | None) -> dict[str, Any]:
    """The results dict of `LoadForgeryImage` for an image."""
    size = pixels.shape[:2]
    return {'img': pixels, 'img_path': path, 'img_shape': size, 'ori_shape': size}
