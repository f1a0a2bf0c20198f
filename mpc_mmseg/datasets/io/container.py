"""Checks of a picture's container before a decoder sees it.

Decoders walk containers without a bound: a file of a megabyte keeps one busy for
minutes by a hundred thousand pages, or two thousand scans. And the first picture of a
TIFF may be a small preview of the photograph.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from struct import calcsize, iter_unpack, unpack, unpack_from
from typing import BinaryIO

from .jpeg_damage import jpeg_segments
from .pillow_pixels import Unsupported

#: Formats of Pillow that are read. None starts a program, as EPS starts Ghostscript.
FORMATS = ['JPEG', 'PNG', 'BMP', 'GIF', 'PPM', 'TIFF', 'WEBP']
FORMATS += ['JPEG2000', 'AVIF', 'HEIF']
_SCANS, _SEGMENTS, _PAGES, _TAGS, _VALUES = 100, 10_000, 1000, 500, 2**16
# A chunk of a PNG is usually of 8 KiB or more.
_CHUNKS, _CHUNK_BYTES = 1000, 512
_WIDTH, _HEIGHT, _SUBFILE = 256, 257, 254
_PHOTOMETRIC, _SUB_IFDS, _DNG = 262, 330, 50706
# A scan costs as much as the picture has pixels.
_SCANNED = 2**31
# Types of the TIFF's numbers, in the letters of `struct`.
_NUMBERS = {1: 'B', 3: 'H', 4: 'I', 13: 'I', 16: 'Q', 18: 'Q'}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 6: 1, 7: 1, 8: 2, 9: 4, 11: 4, 13: 4}
_TIFF = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')


def check_container(file: BinaryIO, pixels_too: bool = True) -> None:
    """Raises `Unsupported` for a container that is excessive or not a photograph's.

    Args:
        file: An image file at its beginning, where it is left.
        pixels_too: Whether also to look beyond the header.
    """
    start = file.read(8)
    try:
        if start.startswith(b'\xff\xd8'):
            if pixels_too:
                _check_jpeg(start + file.read())
        elif start == b'\x89PNG\r\n\x1a\n':
            _check_png(file, pixels_too)
        elif start[:4] in _TIFF:
            _check_tiff(file, start)
        elif start.startswith(b'GIF8'):
            n_gif_frames(file)
    finally:
        file.seek(0)


def n_frames(content: bytes) -> int:
    """Number of pictures in a TIFF or GIF that passed; 1 for other formats."""
    file = BytesIO(content)
    if content[:4] in _TIFF:
        return sum(main for main, _ in _pages(file, file.read(8)))
    return n_gif_frames(file) if content.startswith(b'GIF8') else 1


def _excess(what: str) -> Unsupported:
    return Unsupported(f'has {what}, which no photograph needs; save it again as a PNG')


def _check_jpeg(content: bytes) -> None:
    scans = pixels = 0
    for number, (marker, start, _) in enumerate(jpeg_segments(content)):
        if marker in (0xC0, 0xC1, 0xC2) and len(content) > start + 5:
            height, width = unpack_from('>HH', content, start + 1)
            pixels = height * width
        scans += marker == 0xDA
        if number > _SEGMENTS or scans > _SCANS or scans * pixels > _SCANNED:
            raise _excess(f'more than {max(0, scans - 1)} scans of {pixels} pixels')
    # Pillow skips what is between segments byte by byte.
    if content.count(b'\xff' * 4096):
        raise _excess('long padding')


def _check_png(file: BinaryIO, pixels_too: bool) -> None:
    size, number = 0, 0
    while len(head := file.read(8)) == 8:
        length, kind = unpack('>I4s', head)
        number, size = number + 1, size + length
        if number > _CHUNKS + size // _CHUNK_BYTES:
            raise _excess(f'more than {number} small chunks')
        if kind == b'IEND' or (kind == b'IDAT' and not pixels_too):
            return
        file.seek(length + 4, 1)


def n_gif_frames(file: BinaryIO) -> int:
    """Counts the frames of a GIF; raises `Unsupported` if it has very many blocks."""
    file.seek(10)
    flags = file.read(3)[:1] or b'\0'
    file.seek(3 * 2 ** ((flags[0] & 7) + 1) if flags[0] & 128 else 0, 1)
    frames = blocks = 0
    while (kind := file.read(1)) in (b'!', b','):
        frames += kind == b','
        flags = file.read(1 if kind == b'!' else 9)[-1:] or b'\0'
        if kind == b',':
            colours = 3 * 2 ** ((flags[0] & 7) + 1) if flags[0] & 128 else 0
            file.seek(colours + 1, 1)
        while length := file.read(1):
            blocks += 1
            if frames > _PAGES or blocks > 30 * _SEGMENTS:
                raise _excess(f'more than {frames - 1} frames or {blocks} blocks')
            if length == b'\0':
                break
            file.seek(length[0], 1)
    return frames


def _check_tiff(file: BinaryIO, start: bytes) -> None:
    sizes: list[tuple[int, int]] = []
    for _, tags in _pages(file, start):
        if _DNG in tags or tags.get(_PHOTOMETRIC) in (32803, 34892):
            raise Unsupported(
                'is a camera raw file (DNG), whose first picture is a preview; develop '
                'it and save the result'
            )
        sizes.append((tags.get(_WIDTH, 0), tags.get(_HEIGHT, 0)))
        if len(sizes) == 1 and tags.get(_SUBFILE, 0) & 1:
            raise Unsupported(
                'begins with a reduced version of its photograph; '
                'save the photograph alone'
            )
    largest = max(sizes, key=lambda each: each[0] * each[1], default=(0, 0))
    if sizes and largest[0] * largest[1] > sizes[0][0] * sizes[0][1]:
        raise Unsupported(
            f'begins with a picture of {sizes[0][0]} x {sizes[0][1]} pixels, but has '
            f'one of {largest[0]} x {largest[1]}; save the photograph alone'
        )


def _pages(file: BinaryIO, start: bytes) -> Iterator[tuple[bool, dict[int, int]]]:
    """The pictures of a TIFF: whether each is a page of its own, and its numbers."""
    order, big = '<' if start[:2] == b'II' else '>', b'+' in start[2:4]
    wide, offset = (8, 'Q') if big else (4, 'I')
    start = file.read(8) if big else start[4:]
    waiting = [(True, unpack(order + offset, start)[0])] if len(start) == wide else []
    seen: set[int] = set()
    stored_bytes, limit = 0, 2 * file.seek(0, 2) + 2**16
    while waiting:
        main, at = waiting.pop(0)
        if not at or at in seen:
            continue
        seen.add(at)
        if len(seen) > _PAGES:
            raise _excess(f'more than {_PAGES} pages')
        try:
            file.seek(at)
            (count,) = unpack(order + ('Q' if big else 'H'), file.read(8 if big else 2))
            if count > _TAGS:
                raise _excess(f'a page of {count} tags')
            numbers: dict[int, int] = {}
            entries = file.read(count * (4 + 2 * wide))
            following = file.read(wide)
            for i in range(0, len(entries), 4 + 2 * wide):
                tag, kind, n = unpack_from(order + 'HH' + offset, entries, i)
                # Pillow reads all, even if all tags share the bytes of the file.
                stored_bytes += n * _SIZES.get(kind, 8)
                if stored_bytes > limit or (n > _VALUES and kind in _NUMBERS):
                    raise _excess(f'tags of {stored_bytes} bytes, {n} values')
                if kind not in _NUMBERS or not n:
                    continue
                value = order + _NUMBERS[kind]
                stored = entries[i + 4 + wide : i + 4 + 2 * wide]
                if n > 1 and tag == _SUB_IFDS:
                    file.seek(unpack(order + offset, stored)[0])
                    stored = file.read(min(n, _PAGES) * calcsize(value))
                numbers[tag] = unpack_from(value, stored)[0]
                if tag == _SUB_IFDS:
                    length = len(stored) // calcsize(value) * calcsize(value)
                    found = iter_unpack(value, stored[:length])
                    waiting += [(False, each) for (each,) in islice(found, n)]
        except (struct.error, OSError, ValueError, OverflowError) as error:
            if isinstance(error, Unsupported):
                raise
            continue  # a damaged page; the decoder judges the first one
        yield main, numbers
        if len(following) == wide:
            waiting.append((main, unpack(order + offset, following)[0]))
