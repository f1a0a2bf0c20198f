"""Images and masks from files: one reader for training, checks and tools.

Pillow decodes, not OpenCV: of a truncated JPEG OpenCV makes an image whose rest is
grey and says nothing, and it hides how a palette or 1-bit mask was coded.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO

import cv2
import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

with suppress(ImportError):  # optional; AVIF and WebP are Pillow's own
    from pillow_heif import register_heif_opener

    register_heif_opener()

Source = str | os.PathLike[str] | bytes

# Four times a 33-megapixel camera; Pillow itself stops at 179 million.
PIXEL_LIMIT = 2**27

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
# Modes on the way to 'L', 'LA', 'RGB' or 'RGBA'. A transparent palette goes through
# RGBA, which keeps the colour below the transparency. Others: RGB.
_SIMPLER = {'1': 'L', 'P': 'RGBA', 'PA': 'RGBA', 'La': 'LA', 'RGBa': 'RGBA'}


class ImageReadError(OSError):
    """An image or mask cannot be read; the message names the file and the reason."""


class _Unsupported(ValueError):
    """Pixels of a kind that has no 8-bit meaning; the message says which."""


def jpeg_reduction(size: tuple[int, int], least: tuple[int, int]) -> int:
    """The largest of 1, 2, 4, 8 by which a size (H, W) may be divided.

    Args:
        size: (H, W).
        least: (H, W) that must be left.
    """
    fits = (s for s in (8, 4, 2) if all(a // s >= b for a, b in zip(size, least)))
    return next(fits, 1)


def read_image(
    source: Source,
    name: str | None = None,
    pixel_limit: int = PIXEL_LIMIT,
    least: tuple[int, int] | None = None,
) -> np.ndarray:
    """Read an image as 8-bit BGR, turned upright by its EXIF orientation.

    16-bit images are scaled to 8 bit, alpha is dropped (the colour below it stays),
    grayscale, palette and CMYK images become colour images. Of several frames the
    first counts.

    Args:
        source: A path, or the file's content.
        name: What errors call the file when ``source`` is its content.
        pixel_limit: Refuse images of more pixels than this.
        least: Decode a JPEG at 1/2, 1/4 or 1/8 of its size (rounded up), as long as
            (H, W) is left: libjpeg then inverts smaller cosine transforms, which is
            several times faster and close to the mean of each square of pixels.

    Returns:
        (H, W, 3) uint8, contiguous and writable.

    Raises:
        ImageReadError: If the file is missing, empty, truncated, too large, no image,
            or has floating-point or 32-bit pixels.
    """
    with _opened(source, name, pixel_limit) as image:
        if least is not None and image.format in ('JPEG', 'MPO'):
            stored = least[::-1] if _header_orientation(image) >= 5 else least
            s = jpeg_reduction(image.size[::-1], stored)
            image.draft('', (image.width // s, image.height // s))
        image.load()
        pixels = _to_bgr(image)
        return np.ascontiguousarray(_turn_upright(pixels, image))


def image_of_pillow(image: Image.Image, pixel_limit: int = PIXEL_LIMIT) -> np.ndarray:
    """As :func:`read_image`, of an image that Pillow has opened.

    Raises:
        ImageReadError: Likewise.
    """
    name = getattr(image, 'filename', '') or 'the Pillow image'
    try:
        _check_size(image, pixel_limit)
        image.load()
        return np.ascontiguousarray(_turn_upright(_to_bgr(image), image))
    except Exception as error:
        raise ImageReadError(f'{name}: {error}') from error


def read_mask(
    source: Source, name: str | None = None, pixel_limit: int = PIXEL_LIMIT
) -> np.ndarray:
    """Read a mask of any common coding as 0 (authentic) and 1 (forged).

    Forged is what lies above half of the coding's range: 0..1 if the file holds no
    value above 1, else 0..255 or 0..65535 by its depth. The mask's own maximum never
    sets the threshold, and a JPEG's range is always 0..255, so faint compression
    noise of an empty mask stays authentic. Of colours the largest channel counts,
    transparent pixels are put over black.

    Args: as of :func:`read_image`.

    Returns:
        (H, W) uint8 of 0 and 1, upright.

    Raises:
        ImageReadError: As :func:`read_image`; and for 8-bit values in a 16-bit mask.
    """
    return read_mask_and_levels(source, name, pixel_limit)[0]


def read_mask_and_levels(
    source: Source, name: str | None = None, pixel_limit: int = PIXEL_LIMIT
) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`read_mask`, with the grey levels (H, W) that it was made of."""
    with _opened(source, name, pixel_limit) as image:
        image.load()
        levels = _to_levels(image)
        top = levels.max()
        if top <= 1 and image.format not in ('JPEG', 'MPO'):
            forged = levels == 1
        elif levels.dtype == np.uint8:
            forged = levels > 127
        elif 1 < top <= 255:
            raise _Unsupported(
                f'a 16-bit mask whose largest value is {top}: if these are 8-bit '
                'values, save it as an 8-bit PNG'
            )
        else:
            forged = levels > 32767
        mask = _turn_upright(forged.view(np.uint8), image)
        return np.ascontiguousarray(mask), _turn_upright(levels, image)


def read_header(source: Source, name: str | None = None) -> tuple[int, int]:
    """Read an image's upright size (H, W) without decoding its pixels.

    Raises:
        ImageReadError: If the file is missing, empty, or no image.
    """
    with _opened(source, name) as image:
        width, height = image.size
        if width != height and _header_orientation(image) >= 5:
            return width, height
        return height, width


@contextmanager
def _opened(
    source: Source, name: str | None, pixel_limit: int | None = None
) -> Iterator[Image.Image]:
    """An open image; whatever goes wrong inside becomes one ImageReadError."""
    content = BytesIO(source) if isinstance(source, bytes) else None
    try:
        with Image.open(content or source) as image:  # type: ignore[arg-type]
            if pixel_limit is not None:
                _check_size(image, pixel_limit)
            yield image
    except Exception as error:
        label = name or ('image' if isinstance(source, bytes) else os.fspath(source))
        raise ImageReadError(f'{label}: {_reason(source, error)}') from error


def _check_size(image: Image.Image, pixel_limit: int) -> None:
    width, height = image.size
    if width * height > pixel_limit:
        raise _Unsupported(
            f'has {width} x {height} pixels, more than pixel_limit={pixel_limit}; '
            'make it smaller, or raise the limit'
        )


def _reason(source: Source, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return 'there is no such file'
    if isinstance(error, _Unsupported | Image.DecompressionBombError):
        return str(error)
    if isinstance(error, OSError) and error.errno:
        return f'cannot be opened ({error.strerror})'
    if not (source if isinstance(source, bytes) else os.path.getsize(source)):
        return 'the file is empty (0 bytes)'
    if isinstance(error, UnidentifiedImageError):
        return (
            'is no image that Pillow can read (HEIC needs pillow-heif; camera raw and '
            'floating-point TIFF are not); save it as an 8-bit PNG or JPEG'
        )
    return f'is truncated or damaged ({error}); fetch or export it again'


def _orientation(image: Image.Image) -> int:
    # Viewers ignore damaged EXIF data, and the pixels may be fine.
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:
        return 1


def _header_orientation(image: Image.Image) -> int:
    if image.format == 'TIFF':
        return 1  # Pillow's size is the upright one already
    if image.format == 'PNG' and not any('exif' in str(k) for k in image.info):
        # EXIF data may follow the pixels, and getexif() decodes them to find out.
        file = getattr(image, 'fp')  # noqa: B009  # not in Pillow's annotations
        here = file.tell()
        file.seek(max(0, file.seek(0, os.SEEK_END) - 2**16))
        tail = file.read()
        file.seek(here)
        xmp = str(image.info.get('XML:com.adobe.xmp', image.info.get('xmp', '')))
        if b'eXIf' not in tail and 'Orientation' not in xmp:
            return 1
    return _orientation(image)


def _turn_upright(pixels: np.ndarray, image: Image.Image) -> np.ndarray:
    turn = _UPRIGHT.get(_orientation(image))
    return turn(pixels) if turn else pixels


def _to_bgr(image: Image.Image) -> np.ndarray:
    mode = image.mode
    if mode == 'RGB':
        return cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2BGR)
    if mode == 'RGBA':
        return cv2.cvtColor(np.asarray(image), cv2.COLOR_RGBA2BGR)
    if mode == 'L':
        return cv2.cvtColor(np.asarray(image), cv2.COLOR_GRAY2BGR)
    if mode == 'LA':
        return np.repeat(np.asarray(image)[..., :1], 3, axis=2)
    if mode.startswith('I'):
        gray = cv2.convertScaleAbs(_sixteen_bit(image), alpha=255 / 65535)
        return cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)
    return _to_bgr(_simplified(image))


def _to_levels(image: Image.Image) -> np.ndarray:
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
    return _to_levels(_simplified(image))


def _palette_levels(image: Image.Image) -> np.ndarray:
    image.apply_transparency()
    palette = np.array(image.getpalette('RGBA'), np.uint8).reshape(-1, 4)
    levels = np.zeros(256, np.uint8)
    levels[: len(palette)] = _over_black(palette[:, :3].max(axis=1), palette[:, 3])
    indices = np.asarray(image)
    if indices.max() == 1 and levels[0] == 0 and levels[1] > 0:
        return indices  # the classes, painted: however dark the second colour is
    return levels[indices]


def _over_black(levels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return ((levels.astype(np.uint16) * alpha + 127) // 255).astype(np.uint8)


def _sixteen_bit(image: Image.Image) -> np.ndarray:
    values = np.asarray(image)
    if image.mode == 'I' and (values.min() < 0 or values.max() > 65535):
        raise _Unsupported('has 32-bit pixels; save it with 8 or 16 bits')
    return values.astype(np.uint16, copy=False)


def _simplified(image: Image.Image) -> Image.Image:
    if image.mode == 'F':
        raise _Unsupported(
            'has floating-point pixels, whose range is unknown; save it with 8 or '
            '16 bits'
        )
    return image.convert(_SIMPLER.get(image.mode, 'RGB'))
