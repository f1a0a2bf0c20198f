"""The quality that a JPEG file was written with, from its quantisation tables."""

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


def _scaled_tables() -> np.ndarray:
    """(100, 64): the luminance table at qualities 1 to 100, as libjpeg scales it."""
    quality = np.arange(1, 101)[:, None]
    percent = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    return ((_LUMINANCE.reshape(1, 64) * percent + 50) // 100).clip(1, 255)


_TABLES = _scaled_tables()


def jpeg_quality(tables: Mapping[int, Sequence[int]]) -> tuple[int, bool]:
    """The libjpeg quality whose luminance table is nearest.

    Args:
        tables: As ``PIL.JpegImagePlugin`` gives them in ``quantization``, rows first.

    Returns:
        The quality in 1..100, and whether the table is exactly that one's; cameras and
        Photoshop have tables of their own.
    """
    difference = np.abs(_TABLES - np.asarray(tables[min(tables)])).sum(axis=1)
    best = int(difference.argmin())
    return best + 1, bool(difference[best] == 0)
