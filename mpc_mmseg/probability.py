"""Probability maps: resizing, binarization and file names.

A pixel is predicted forged above the threshold that is shown, everywhere but in the
scores of the MPC convention (`binarize_mpc`). In that convention the order of
operations affects the last digit, so it is defined only here: the map times 255 is
resized bilinearly to the mask's native size in float32 (not rounded to 8 bits), and a
pixel is predicted forged above 127.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import cv2
import numpy as np

if TYPE_CHECKING:
    import torch

Map = TypeVar('Map', np.ndarray, 'torch.Tensor')


def resize_probability(prob: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a probability map to an image's native size, by the MPC convention.

    Args:
        prob: (h, w) floats in 0..1.
        size: Target (H, W).

    Returns:
        (H, W) float32 in 0..1, for `binarize` and `binarize_mpc`.

    Raises:
        ValueError: If ``prob`` is not a 2-D map or ``size`` is not positive.
    """
    if prob.ndim != 2 or prob.size == 0:
        raise ValueError(f'prob must be a (h, w) map, got shape {prob.shape}')
    height, width = size
    if height < 1 or width < 1:
        raise ValueError(f'size must be positive, got {size}')
    prob = prob.astype(np.float32, copy=False)
    if prob.shape == (height, width):
        return prob.copy()
    # Resized in 0..255, as the convention defines. Dividing by 255 loses nothing:
    # around 127, multiplying by 255 again returns the same float32.
    levels = cv2.resize(
        prob * np.float32(255), (width, height), interpolation=cv2.INTER_LINEAR
    )
    return np.clip(levels / np.float32(255), 0, 1)


def binarize(prob: Map, threshold: float = 0.5) -> Map:
    """Predict pixels as forged where their probability exceeds the threshold.

    Args:
        prob: Probabilities in 0..1, an array or a tensor of any shape.
        threshold: In 0..1.

    Returns:
        Booleans of the same shape and kind.

    Raises:
        ValueError: If ``threshold`` is not in 0..1.
    """
    if not 0 <= threshold <= 1:
        raise ValueError(f'threshold must be in 0..1, got {threshold}')
    return prob > threshold


def binarize_mpc(prob: Map, threshold: float = 0.5) -> Map:
    """As `binarize`, by the MPC convention: 0.5 is above level 127 of 255.

    For scores that are compared with those of the released code, and for nothing that
    shows a threshold to a reader: a probability of 0.499 is predicted forged.
    """
    return prob * 255 > 127 if threshold == 0.5 else binarize(prob, threshold)


def map_name(meta: Mapping[str, Any]) -> str:
    """File name of an image's map, unique within a test run.

    Args:
        meta: With ``img_path`` and optionally ``sample_idx``.
    """
    stem = Path(meta['img_path']).stem
    index = meta.get('sample_idx')
    return f'{stem}.png' if index is None else f'{index:06d}_{stem}.png'
