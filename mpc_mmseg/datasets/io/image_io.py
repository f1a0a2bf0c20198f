"""Images and masks from files: one reader for training, checks and tools.

Pillow decodes, not OpenCV: OpenCV silently fills the rest of a truncated JPEG with
grey, and hides how a palette or 1-bit mask was coded.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from mpc_mmseg.regular_file import NotRegular, open_regular, read_regular

from .container import FORMATS, check_container
from .decoding_process import decode_in_process
from .jpeg_damage import EOI, jpeg_damage, jpeg_segments
from .mask_coding import decode_levels
from .pillow_pixels import (
    Unsupported,
    header_orientation,
    to_bgr,
    to_levels,
    turn_upright,
)

with suppress(ImportError):  # optional; Pillow itself reads AVIF and WebP
    from pillow_heif import register_heif_opener

    register_heif_opener()

Source = str | os.PathLike[str] | bytes

# Four times a 33-megapixel camera.
PIXEL_LIMIT = 2**27

# Formats whose decoding takes no longer than their bytes and pixels need.
_BOUNDED = ('JPEG', 'MPO', 'PNG', 'TIFF', 'BMP', 'WEBP')
_LARGE = 2**26
_OPENING = threading.Lock()


class ImageReadError(OSError):
    """An image or mask cannot be read; the message names the file and the reason."""


def jpeg_reduction(size: tuple[int, int], least: tuple[int, int]) -> int:
    """The largest s of 1, 2, 4, 8 for which ``size`` // s is at least ``least``."""
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
    grey, palette and CMYK images become colour images. Of several frames the
    first is read.

    Args:
        source: A path, or the file's content.
        name: The file's name in errors if ``source`` is its content.
        pixel_limit: Refuse images of more pixels than this.
        least: Decode a JPEG at 1/2, 1/4 or 1/8 of its size (rounded up) that is at
            least (H, W): several times faster, and close to the mean of each square.

    Returns:
        (H, W, 3) uint8, contiguous and writable.

    Raises:
        ImageReadError: If the file is missing, empty, truncated, too large, not an
            image, or has floating-point or 32-bit pixels.
    """
    try:
        with opened(source, name, pixel_limit) as image:
            if not _may_be_slow(image, source):
                return _pixels(image, least)
        return decode_in_process(_content(source), pixel_limit)
    except ImageReadError:
        completed = _with_end_marker(source)
        if completed is None:
            raise
        with opened(completed, name or _label(source), pixel_limit) as image:
            return _pixels(image, least)
    except (ValueError, OSError) as error:
        raise ImageReadError(f'{name or _label(source)}: {error}') from error


def decode_image(content: bytes, name: str, pixel_limit: int) -> np.ndarray:
    """As `read_image` of a file's content, in this process in any case."""
    with opened(content, name, pixel_limit) as image:
        return _pixels(image, None)


def _pixels(image: Image.Image, least: tuple[int, int] | None) -> np.ndarray:
    if least is not None and image.format in ('JPEG', 'MPO'):
        stored = least[::-1] if header_orientation(image) >= 5 else least
        s = jpeg_reduction(image.size[::-1], stored)
        image.draft('', (image.width // s, image.height // s))
    image.load()
    return np.ascontiguousarray(turn_upright(to_bgr(image), image))


def _may_be_slow(image: Image.Image, source: Source) -> bool:
    """Whether an image decodes in a process of its own; not if it is ordinary."""
    size = len(source) if isinstance(source, bytes) else os.path.getsize(source)
    if image.format in _BOUNDED:
        return size > _LARGE
    return size > _LARGE // 64 or image.width * image.height > _LARGE // 4


def _with_end_marker(source: Source) -> bytes | None:
    """A JPEG with its end marker, if it lacks nothing else."""
    try:
        content = _content(source)
        markers = [marker for marker, _, _ in jpeg_segments(content)]
        ended = not content.startswith(b'\xff\xd8') or EOI[1] in markers
        return None if ended or jpeg_damage(content) else content + EOI
    except Exception:  # of a decoder, for a file that is damaged otherwise
        return None


def _content(source: Source) -> bytes:
    return source if isinstance(source, bytes) else read_regular(source)


def _label(source: Source) -> str:
    return 'image' if isinstance(source, bytes) else os.fspath(source)


def image_of_pillow(image: Image.Image, pixel_limit: int = PIXEL_LIMIT) -> np.ndarray:
    """As :func:`read_image`, of an image that Pillow has opened."""
    name = getattr(image, 'filename', '') or 'the Pillow image'
    try:
        _check_size(image, pixel_limit)
        return _pixels(image, None)
    except Exception as error:
        raise ImageReadError(f'{name}: {error}') from error


def read_mask(
    source: Source,
    name: str | None = None,
    pixel_limit: int = PIXEL_LIMIT,
    coding: str = 'auto',
) -> np.ndarray:
    """Read a mask as 0 (authentic), 1 (forged) and, where declared, 255 (ignored).

    Of coloured masks the largest channel counts, transparent pixels are put over black,
    and the two colours of a palette whose first is black are 0 and 1.

    Arguments and errors are those of :func:`read_image`; ``coding`` is what the levels
    mean, a key of :data:`~mpc_mmseg.datasets.io.mask_coding.CODINGS`, or an error.

    Returns:
        (H, W) uint8, upright.
    """
    return read_mask_and_levels(source, name, pixel_limit, coding)[0]


def read_mask_and_levels(
    source: Source,
    name: str | None = None,
    pixel_limit: int = PIXEL_LIMIT,
    coding: str = 'auto',
) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`read_mask`, with the grey levels (H, W) that it was decoded from."""
    with opened(source, name, pixel_limit) as image:
        image.load()
        levels = turn_upright(to_levels(image), image)
        mask = decode_levels(levels, image.format in ('JPEG', 'MPO'), coding)
        return np.ascontiguousarray(mask), levels


def read_grey(source: Source, name: str | None = None) -> np.ndarray:
    """Read the levels of a grey image as stored, (H, W) uint8 or uint16.

    Errors are those of :func:`read_image`; and it must not have colours.
    """
    with opened(source, name, PIXEL_LIMIT) as image:
        if image.mode != 'L' and not image.mode.startswith('I'):
            raise Unsupported(f'has pixels of the kind {image.mode}, not grey ones')
        image.load()
        return to_levels(image)


def read_header(source: Source, name: str | None = None) -> tuple[int, int]:
    """Read an image's upright size (H, W) without decoding its pixels."""
    with opened(source, name) as image:
        width, height = image.size
        if width != height and header_orientation(image) >= 5:
            return width, height
        return height, width


@contextmanager
def opened(
    source: Source, name: str | None = None, pixel_limit: int | None = None
) -> Iterator[Image.Image]:
    """An open image; whatever goes wrong inside becomes one ImageReadError.

    Without ``pixel_limit``, only its header may be read.
    """
    try:
        with (
            BytesIO(source) if isinstance(source, bytes) else open_regular(source)
        ) as file:
            check_container(file, pixels_too=pixel_limit is not None)
            with opened_header(file) as image:
                if pixel_limit is not None:
                    _check_size(image, pixel_limit)
                yield image
    except Exception as error:
        reason = _reason(source, error)
        raise ImageReadError(f'{name or _label(source)}: {reason}') from error


def opened_header(file: BinaryIO) -> Image.Image:
    """Pillow's image of a file, of any size; its pixels are not decoded yet.

    Nothing else in this package opens an image: a stranger's file must not reach a
    decoder that starts a program.
    """
    # Pillow has one limit per process; here it is an argument.
    with _OPENING:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            # All plugins take a tenth of a second, and are rarely needed.
            for load, allowed in ((Image.preinit, FORMATS[:5]), (Image.init, FORMATS)):
                load()
                known = [name for name in allowed if name in Image.OPEN]
                with suppress(UnidentifiedImageError):
                    return Image.open(file, formats=known)
                file.seek(0)
            raise UnidentifiedImageError('is of no known format')
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def damage_of(source: Source) -> tuple[str, ...]:
    """What is damaged in an image that `read_image` accepts."""
    content = _content(source)
    if not content.startswith(b'\xff\xd8'):
        return ()
    try:
        problem = jpeg_damage(content)
    except Exception as error:  # of a decoder
        raise ImageReadError(f'{_label(source)}: {_reason(source, error)}') from error
    return () if problem is None else (f'is damaged: {problem}',)


def _check_size(image: Image.Image, pixel_limit: int) -> None:
    width, height = image.size
    if width * height > pixel_limit:
        raise Unsupported(
            f'has {width} x {height} pixels, more than pixel_limit={pixel_limit}; '
            'make it smaller, or raise the limit'
        )


def _reason(source: Source, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return 'there is no such file'
    if isinstance(error, MemoryError):
        return 'there is not enough memory to decode it'
    if isinstance(error, Unsupported | NotRegular):
        return str(error)
    if isinstance(error, OSError) and error.errno:
        return f'cannot be opened ({error.strerror})'
    if not (source if isinstance(source, bytes) else os.path.getsize(source)):
        return 'the file is empty (0 bytes)'
    if isinstance(error, UnidentifiedImageError):
        return (
            'is not an image that Pillow can read (HEIC needs pillow-heif; camera raw '
            'and floating-point TIFF are not supported); save it as an 8-bit PNG or '
            'JPEG'
        )
    return f'is truncated or damaged ({error}); fetch or export it again'
