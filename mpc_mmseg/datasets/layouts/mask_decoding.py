"""Decoders of mask files -> (H, W) uint8, 1 forged and 0 authentic."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from mpc_mmseg.datasets.io.image_io import read_image, read_mask


def dark_is_forged(paths: Sequence[Path]) -> np.ndarray:
    """Black on white: pixels darker than half are forged (DSO-1, NIST16)."""
    return (_grey(paths[0]) < 128).astype(np.uint8)


def green_is_forged(paths: Sequence[Path]) -> np.ndarray:
    """Green and red regions, each in two shades: green is forged (Columbia).

    The masks are JPEG files, so no colour is exact; the two channels are compared.
    """
    image = read_image(paths[0])
    return (image[..., 1] > image[..., 2]).astype(np.uint8)


def bright_is_forged(paths: Sequence[Path], above: int) -> np.ndarray:
    """Grey levels: pixels brighter than ``above`` are forged (Korus)."""
    return (_grey(paths[0]) > above).astype(np.uint8)


def any_is_forged(paths: Sequence[Path]) -> np.ndarray:
    """One mask per pasted object: their union is forged (MISD).

    Raises:
        ValueError: If the masks differ in size.
    """
    union = read_mask(paths[0])
    for path in paths[1:]:
        mask = read_mask(path)
        if mask.shape != union.shape:
            raise ValueError(
                f'{path} is {mask.shape[1]} x {mask.shape[0]}, {paths[0]} of the same '
                f'image {union.shape[1]} x {union.shape[0]}'
            )
        union |= mask
    return union


def _grey(path: Path) -> np.ndarray:
    return cv2.cvtColor(read_image(path), cv2.COLOR_BGR2GRAY)
