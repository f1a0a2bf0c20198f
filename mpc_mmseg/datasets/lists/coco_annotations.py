"""Masks of objects from annotations in the format of MS COCO, without pycocotools."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mpc_mmseg.json_files import parse_json

#: Objects of MS COCO have up to some thousand; the time to fill them is quadratic.
_POINTS = 4000


def draw_segmentation(
    segmentation: Sequence | Mapping, size: tuple[int, int]
) -> np.ndarray:
    """The mask of one annotation's ``segmentation``.

    Args:
        segmentation: Polygons, each a flat list of x and y; or a run-length code, a
            dict with ``size`` (H, W) and ``counts``, a list or the compressed string.
        size: (H, W) of the image.

    Returns:
        (H, W) uint8, 1 on the object.

    Raises:
        ValueError: If the segmentation is neither, or of another size.
    """
    try:
        if isinstance(segmentation, Mapping):
            return _draw_runs(segmentation, size)
        mask = np.zeros(size, np.uint8)
        for polygon in segmentation:
            if not 6 <= len(polygon) <= 2 * _POINTS or len(polygon) % 2:
                raise ValueError(
                    f'a polygon needs 3 to {_POINTS} points (x, y), got {len(polygon)} '
                    'numbers'
                )
            points = np.asarray(polygon, np.float64).reshape(-1, 2)
            # Coordinates far outside would overflow.
            if not (np.abs(points) < 2**20).all():
                raise ValueError(
                    'a polygon has coordinates that are not finite, or huge'
                )
            _fill(mask, points)
        return mask
    except (TypeError, OverflowError, IndexError) as error:
        raise ValueError(f'is no segmentation of MS COCO: {error}') from error


def _fill(mask: np.ndarray, points: np.ndarray) -> None:
    """Set the pixels of a mask whose centres lie in a polygon (N, 2) of x and y.

    OpenCV also fills the outline, half a pixel wide. So the polygon is drawn at three
    times its size, and of each three by three pixels the middle one counts.
    """
    limits = mask.shape[::-1]
    left, top = np.clip(np.floor(points.min(axis=0)), 0, limits).astype(int)
    right, bottom = np.clip(np.ceil(points.max(axis=0)), 0, limits).astype(int)
    if right <= left or bottom <= top:
        return
    large = np.zeros((3 * (bottom - top), 3 * (right - left)), np.uint8)
    # a pixel spans 0..1 in COCO and has its centre at 0 in OpenCV
    fixed = np.rint(((points - (left, top)) * 3 - 0.5) * 256).astype(np.int32)
    cv2.fillPoly(large, [fixed], 1, shift=8)
    mask[top:bottom, left:right] |= large[1::3, 1::3]


def _draw_runs(code: Mapping, size: tuple[int, int]) -> np.ndarray:
    counts = code.get('counts')
    if isinstance(counts, str | bytes):
        counts = decompress_counts(counts)
    if counts is None or tuple(code.get('size', ())) != tuple(size):
        raise ValueError(
            f'a run-length code of size {code.get("size")} for an image of {size}'
        )
    if (
        not all(isinstance(n, int) and n >= 0 for n in counts)
        or sum(counts) != size[0] * size[1]
    ):
        raise ValueError(f'runs of {sum(counts)} pixels for an image of {size}')
    values = np.arange(len(counts)) % 2
    # runs go down the columns
    flat = np.repeat(values.astype(np.uint8), counts)
    return np.ascontiguousarray(flat.reshape(size[::-1]).T)


def decompress_counts(code: str | bytes) -> list[int]:
    """Run lengths from COCO's compressed string.

    Each number is stored five bits at a time, least significant first, as characters
    from '0'. Bit 5 is set where more characters follow; bit 4 of the last is the sign.
    From the fourth number on, the difference to the last but one is stored.
    """
    text = code.encode() if isinstance(code, str) else code
    counts: list[int] = []
    value = shift = 0
    for character in text:
        bits = character - 48
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value = shift = 0
    if shift:
        raise ValueError('the compressed run-length code ends within a number')
    return counts


def read_annotations(path: str | os.PathLike) -> dict[str, Any]:
    """Read an annotation file.

    Returns:
        ``images`` and ``categories``, id -> entry, and ``annotations``, image id ->
        entries.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it is not an annotation file; names it.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(f'no annotation file {os.fspath(path)}')
    try:
        content = parse_json(Path(path).read_bytes())
        by_image: dict[Any, list] = defaultdict(list)
        for each in content['annotations']:
            by_image[each['image_id']].append(each)
        return {
            'images': {each['id']: each for each in content['images']},
            'categories': {each['id']: each for each in content.get('categories', [])},
            'annotations': dict(by_image),
        }
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f'{os.fspath(path)} is not a COCO annotation file: {error!r}'
        ) from error
