"""Whether the image data of a JPEG are those of its picture.

libjpeg draws something for any data, and only warns, which Pillow does not pass on. A
hole or another file's end in a JPEG then looks like a forged region.

A decoder that is fed piecemeal shows how many bytes a picture needed: the last row of a
complete one appears with the last bytes, neither before nor after them. Where the
decoder gives no rows until all data are read (progressive), or synchronises again
(restart markers), each run of data is lengthened by a copy of its own beginning. A
complete run ends before it, so the picture is the same; an incomplete run goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from itertools import pairwise

import numpy as np
from PIL import Image

EOI = b'\xff\xd9'
_SOF0, _SOF1, _SOF2, _SOS, _DRI = 0xC0, 0xC1, 0xC2, 0xDA, 0xDD
# Neither a stuffed 0xff, nor a restart marker, nor padding.
_MARKER = re.compile(rb'\xff([\x01-\xcf\xd8-\xfe])')
_RESTART = re.compile(rb'\xff([\xd0-\xd7])')
# A few bytes of padding are no damage; the decoder reads up to eight bytes ahead.
_PADDING, _AHEAD, _LENGTHENED = 4, 10, 64
_REPAIR = 'what is drawn there is not the photograph: obtain the file again'
MISSING = f'its image data end before the picture does; {_REPAIR}'
SPARE = f'image data are left over after the end of the picture; {_REPAIR}'


def jpeg_segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """The segments of a JPEG up to its end marker.

    Args:
        content: The file.

    Yields:
        Marker; where its parameters begin; and where the segment ends, which of a scan
        includes its image data.
    """
    at = 2
    while (found := _MARKER.search(content, at)) is not None:
        marker, at = found[1][0], found.end()
        if marker in (0x01, 0xD8, EOI[1]):
            yield marker, at, at
            if marker == EOI[1]:
                return
            continue
        start, at = at + 2, at + int.from_bytes(content[at : at + 2], 'big')
        if marker == _SOS:
            following = _MARKER.search(content, at)
            at = len(content) if following is None else following.start()
        yield marker, start, at


def jpeg_damage(content: bytes) -> str | None:
    """States how a JPEG's image data do not fit its picture; None if they do.

    Args:
        content: A file that can be decoded; its end marker may be missing.
    """
    segments = list(jpeg_segments(content))
    frame = next((s for s in segments if s[0] in (_SOF0, _SOF1, _SOF2)), None)
    scans = [(start, end) for marker, start, end in segments if marker == _SOS]
    if not scans:
        return MISSING
    if frame is None:
        return None  # arithmetic or lossless coding, which are rare
    intervals = [
        int.from_bytes(content[start : start + 2], 'big')
        for marker, start, _ in segments
        if marker == _DRI
    ]
    head, end = content[frame[1] : frame[2]], scans[-1][1]
    progressive = frame[0] == _SOF2
    if _unrefined(content, scans, head, progressive):
        return f'some of its scans are missing; {_REPAIR}'
    one_scan = not progressive and len(scans) == 1
    if one_scan:
        entropy = content[scans[0][0] + _header_length(content, scans[0][0]) : end]
        if intervals and (interval := intervals[-1]):
            restarts = [each[1][0] - 0xD0 for each in _RESTART.finditer(entropy)]
            expected = -(-_units(head) // interval) - 1
            if restarts != [number % 8 for number in range(expected)]:
                return f'its restart markers do not fit the picture; {_REPAIR}'
        if problem := _ends_elsewhere(content[:end], (entropy * _AHEAD)[:_AHEAD]):
            return problem
        if not intervals:
            return None
    plain = _decoded(content[:end] + EOI, reduced=one_scan)
    longer = _decoded(_lengthened(content, scans), reduced=one_scan)
    return None if np.array_equal(plain, longer) else MISSING


def _header_length(content: bytes, start: int) -> int:
    return int.from_bytes(content[start - 2 : start], 'big') - 2


def _unrefined(
    content: bytes, scans: list[tuple[int, int]], frame: bytes, progressive: bool
) -> bool:
    """Whether a coefficient lacks bits: the last ones, or some before others."""
    lowest = {frame[6 + 3 * i]: [99] * 64 for i in range(frame[5])}
    for start, _ in scans:
        number = content[start]
        first, last, bits = content[start + 1 + 2 * number : start + 4 + 2 * number]
        for i in range(number):
            levels = lowest.get(content[start + 1 + 2 * i], [0] * 64)
            for k in range(first, min(last, 63) + 1) if progressive else range(64):
                if progressive and bits >> 4 not in (0, levels[k]):
                    return True  # the scan before this one is missing
                levels[k] = bits & 15 if progressive else 0
    return any(any(levels) for levels in lowest.values())


def _units(frame: bytes) -> int:
    """The number of units that a single scan stores (ITU T.81, A.2)."""
    height, width = (int.from_bytes(frame[i : i + 2], 'big') for i in (1, 3))
    factors = [frame[7 + 3 * i] for i in range(frame[5])]
    across, down = (
        (max(f >> 4 for f in factors), max(f & 15 for f in factors))
        if len(factors) > 1
        else (1, 1)
    )
    return -(-width // (8 * across)) * -(-height // (8 * down))


def _ends_elsewhere(content: bytes, filler: bytes) -> str | None:
    """Feeds a JPEG of one scan, without its end marker, in two pieces."""
    with Image.open(BytesIO(content + EOI), formats=['JPEG']) as image:
        image.draft('', (max(1, image.width // 8), max(1, image.height // 8)))
        image.load_prepare()  # type: ignore[attr-defined]
        codec, extents, _, args = image.tile[0]  # type: ignore[attr-defined]
        config = image.decoderconfig  # type: ignore[attr-defined]
        decoder = Image._getdecoder(image.mode, codec, args, config)
        decoder.setimage(image.im, extents)
        row, bands = image.height - 1, len(image.getbands())
        noise = np.random.default_rng(0).integers(0, 256, (image.width, bands)).tolist()
        pixels = image.im.pixel_access(False)

        def last_row() -> list[list[int]]:
            found = (pixels[x, row] for x in range(image.width))
            return [[*each] if isinstance(each, tuple) else [each] for each in found]

        for x, values in enumerate(noise):
            pixels[x, row] = values[0] if bands == 1 else tuple(values)
        used = max(0, decoder.decode(content[:-_PADDING])[0])
        if last_row() != noise:
            return SPARE
        decoder.decode(content[used:] + filler)
        return MISSING if last_row() == noise else None


def _lengthened(content: bytes, scans: list[tuple[int, int]]) -> bytes:
    parts, done = [], 0
    for start, end in scans:
        first = start + _header_length(content, start)
        cuts = [m.start() for m in _RESTART.finditer(content, first, end)]
        for begin, stop in pairwise([first, *cuts, end]):
            skipped = 0 if begin == first else 2
            own = content[begin + skipped : stop][:_LENGTHENED].rstrip(b'\xff')
            parts += [content[done:stop], own]
            done = stop
    return b''.join([*parts, EOI])


def _decoded(content: bytes, reduced: bool) -> np.ndarray:
    with Image.open(BytesIO(content), formats=['JPEG']) as image:
        if reduced:
            image.draft('', (max(1, image.width // 8), max(1, image.height // 8)))
        return np.asarray(image)
