"""Masks as data sets draw them -> (H, W) uint8, 1 forged and 0 authentic."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from mpc_mmseg.datasets.io.image_io import read_image, read_mask


def dark_is_forged(paths: Sequence[Path]) -> np.ndarray:
    """Black on white: forged is what is darker than half (DSO-1, NIST16)."""
    return (_grey(paths[0]) < 128).astype(np.uint8)


def green_is_forged(paths: Sequence[Path]) -> np.ndarray:
    """Regions in green and red, both in two shades: forged is the green (Columbia).

    The masks are JPEG files, so no colour is exact; the two channels are compared.
    """
    image = read_image(paths[0])
    return (image[..., 1] > image[..., 2]).astype(np.uint8)


def bright_is_forged(paths: Sequence[Path], above: int) -> np.ndarray:
    """Grey levels: forged is what is brighter than ``above`` (Korus)."""
    return (_grey(paths[0]) > above).astype(np.uint8)


def any_is_forged(paths: Sequence[Path]) -> np.ndarray:
    """One mask for each pasted object: forged is what any of them marks (MISD).

    Raises:
        ValueError: If the masks differ in size.
    """
    whole = read_mask(paths[0])
    for path in paths[1:]:
        mask = read_mask(path)
        if mask.shape != whole.shape:
            raise ValueError(
                f'{path} is {mask.shape[1]} x {mask.shape[0]}, {paths[0]} of the same '
                f'image {whole.shape[1]} x {whole.shape[0]}'
            )
        whole |= mask
    return whole


def _grey(path: Path) -> np.ndarray:
    return cv2.cvtColor(read_image(path), cv2.COLOR_BGR2GRAY)
