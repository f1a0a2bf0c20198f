"""Pixels that Pillow decoded as arrays: colours, levels of a mask, orientation."""

import os
from collections.abc import Callable

import cv2
import numpy as np
from PIL import ExifTags, Image

# EXIF orientation -> the stored pixels turned upright.
_UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a[::-1].swapaxes(0, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a.swapaxes(0, 1)[::-1],
}
# Modes to convert to before 'L', 'LA', 'RGB' or 'RGBA'. A transparent palette becomes
# RGBA, which keeps the colour below the transparency. Others: RGB.
_SIMPLER = {'1': 'L', 'P': 'RGBA', 'PA': 'RGBA', 'La': 'LA', 'RGBa': 'RGBA'}


class Unsupported(ValueError):
    """Pixels of a kind that cannot become 8-bit; the message names it."""


def _orientation(image: Image.Image) -> int:
    # As viewers do, ignore damaged EXIF data: the pixels may be intact.
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:
        return 1


def header_orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8, of an image whose pixels are not decoded yet."""
    if image.format == 'TIFF':
        return 1  # Pillow's size is already the upright one
    if image.format == 'PNG' and not any('exif' in str(k) for k in image.info):
        # EXIF data may follow the pixels, and getexif() would decode them to look.
        file = getattr(image, 'fp')  # noqa: B009  # not in Pillow's annotations
        here = file.tell()
        file.seek(max(0, file.seek(0, os.SEEK_END) - 2**16))
        tail = file.read()
        file.seek(here)
        xmp = str(image.info.get('XML:com.adobe.xmp', image.info.get('xmp', '')))
        if b'eXIf' not in tail and 'Orientation' not in xmp:
            return 1
    return _orientation(image)


def turn_upright(pixels: np.ndarray, image: Image.Image) -> np.ndarray:
    """Pixels (H, W, ...) of an image, turned by its EXIF orientation; a view."""
    turn = _UPRIGHT.get(_orientation(image))
    return turn(pixels) if turn else pixels


def to_bgr(image: Image.Image) -> np.ndarray:
    """(H, W, 3) uint8 BGR, without transparency; not of 32 bits or floating point."""
    if image.mode.startswith('I'):
        grey = cv2.convertScaleAbs(_sixteen_bit(image), alpha=255 / 65535)
        return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    if image.mode in ('F', 'La', 'RGBa'):
        image = _simplified(image)
    if image.mode != 'RGB':
        image = image.convert('RGB')
    return cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2BGR)


def to_levels(image: Image.Image) -> np.ndarray:
    """(H, W) uint8 or uint16: the grey levels by which a mask is thresholded."""
    mode = image.mode
    if mode in ('1', 'L'):
        return np.asarray(image).view(np.uint8)
    if mode == 'P':
        return _palette_levels(image)
    if mode in ('RGB', 'RGBA', 'LA'):
        channels = np.moveaxis(np.asarray(image), -1, 0)
        alpha = channels[-1] if mode.endswith('A') else None
        first, *others = channels if alpha is None else channels[:-1]
        for other in others:
            first = np.maximum(first, other)
        return first if alpha is None else _over_black(first, alpha)
    if mode.startswith('I'):
        return _sixteen_bit(image)
    return to_levels(_simplified(image))


def _palette_levels(image: Image.Image) -> np.ndarray:
    image.apply_transparency()
    palette = np.array(image.getpalette('RGBA'), np.uint8).reshape(-1, 4)
    levels = np.zeros(256, np.uint8)
    levels[: len(palette)] = _over_black(palette[:, :3].max(axis=1), palette[:, 3])
    indices = np.asarray(image)
    if indices.max() == 1 and levels[0] == 0 and levels[1] > 0:
        return indices  # class indices, however dark the second colour is
    return levels[indices]


def _over_black(levels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return ((levels.astype(np.uint16) * alpha + 127) // 255).astype(np.uint8)


def _sixteen_bit(image: Image.Image) -> np.ndarray:
    values = np.asarray(image)
    if image.mode == 'I' and (values.min() < 0 or values.max() > 65535):
        raise Unsupported('has 32-bit pixels; save it with 8 or 16 bits')
    return values.astype(np.uint16, copy=False)


def _simplified(image: Image.Image) -> Image.Image:
    if image.mode == 'F':
        raise Unsupported(
            'has floating-point pixels, whose range is unknown; save it with 8 or '
            '16 bits'
        )
    return image.convert(_SIMPLER.get(image.mode, 'RGB'))
