"""How the grey levels of a mask file mark forged pixels."""

from __future__ import annotations

import numpy as np

from .pillow_pixels import Unsupported

#: Compression noise of a mask that is stored as JPEG is at most this.
JPEG_NOISE = 32
#: Name -> what it means. 'auto' decides by the levels of each file.
CODINGS = {
    'auto': '0/1 or 0/255 by the levels of the file; other levels are refused',
    '0/1': '1 is forged',
    '0/255': 'levels above half of the range of the file are forged',
    '0/1/255': '1 is forged, 255 is ignored',
    'nonzero': 'everything but 0 is forged',
    'inverted': 'levels below half of the range are forged',
}
_ADVICE = 'declare what they mean by mask_coding, one of {}'.format(
    ', '.join(repr(name) for name in CODINGS if name != 'auto')
)


class UnknownCoding(Unsupported):
    """Levels that do not fit the declared coding, or fit no known one."""


def check_coding(coding: str) -> None:
    """Raise ValueError unless ``coding`` is one of ``CODINGS``."""
    if coding not in CODINGS:
        raise ValueError(f'mask_coding must be one of {list(CODINGS)}, not {coding!r}')


def decode_levels(levels: np.ndarray, lossy: bool, coding: str) -> np.ndarray:
    """Decode the levels of a mask.

    Args:
        levels: (H, W) uint8 or uint16.
        lossy: Whether the file is a JPEG, whose levels are not exact.
        coding: A key of ``CODINGS``.

    Returns:
        (H, W) uint8: 1 forged, 0 authentic, 255 ignored.

    Raises:
        UnknownCoding: If the levels fit neither the coding nor a known one; lists them.
    """
    top = int(levels.max())
    full = 65535 if levels.dtype == np.uint16 else 255
    if coding == 'nonzero':
        return (levels > (JPEG_NOISE if lossy else 0)).view(np.uint8)
    if full == 65535 and 1 < top <= 255 and coding not in ('0/1', '0/1/255'):
        raise UnknownCoding(
            f'a 16-bit mask whose largest value is {top}: if these are 8-bit values, '
            "save it as an 8-bit PNG; if they number objects, set mask_coding='nonzero'"
        )
    if coding == 'inverted':
        half = 0 if top <= 1 and not lossy else full // 2
        return (levels <= half).view(np.uint8)
    if coding in ('0/1', '0/1/255'):
        if lossy:
            raise UnknownCoding(f'is a JPEG, whose levels are not exactly {coding}')
        if not np.isin(levels, (0, 1) if coding == '0/1' else (0, 1, 255)).all():
            raise UnknownCoding(f'has the levels {_listed(levels)}, not only {coding}')
        return levels.astype(np.uint8)
    if coding == 'auto' and top <= 1 and not lossy:
        return levels.astype(np.uint8)
    if lossy and top <= JPEG_NOISE:
        return np.zeros(levels.shape, np.uint8)
    if 0 < top <= full // 2:
        raise UnknownCoding(
            f'has the levels {_listed(levels)}, none above half of 0..{full}: {_ADVICE}'
        )
    if coding == 'auto' and not lossy and _is_label_map(levels):
        raise UnknownCoding(
            f'has the levels {_listed(levels)}, like a label map: {_ADVICE}'
        )
    return (levels > full // 2).view(np.uint8)


def _is_label_map(levels: np.ndarray) -> bool:
    """Whether there are several levels, and all but the highest are low."""
    found = np.unique(levels)
    return len(found) > 2 and int(found[-2]) <= JPEG_NOISE


def _listed(levels: np.ndarray, most: int = 8) -> str:
    found = np.unique(levels)
    more = f' and {len(found) - most} more' if len(found) > most else ''
    return ', '.join(str(each) for each in found[:most]) + more
