"""The quality of a JPEG file, estimated from its quantisation tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

# Table K.1 of ITU-T T.81, row by row: the luminance steps that encoders scale.
_LUMINANCE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)


_QUALITY = np.arange(1, 101)[:, None]
_PERCENT = np.where(_QUALITY < 50, 5000 // _QUALITY, 200 - 2 * _QUALITY)
#: (100, 64): the luminance table at qualities 1 to 100, as libjpeg scales it.
_TABLES = ((_LUMINANCE.reshape(1, 64) * _PERCENT + 50) // 100).clip(1, 255)


def jpeg_quality(tables: Mapping[int, Sequence[int]]) -> tuple[int, bool]:
    """The libjpeg quality whose luminance table is nearest.

    Args:
        tables: Pillow's ``quantization`` of a JPEG image, row by row.

    Returns:
        The quality in 1..100, and whether the table is exactly that of the quality.
    """
    difference = np.abs(_TABLES - np.asarray(tables[min(tables)])).sum(axis=1)
    best = int(difference.argmin())
    return best + 1, bool(difference[best] == 0)
