"""Batches are padded to multiples, so that a backbone's maps cover them exactly."""

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor


def rounded_up(size: Sequence[int], multiple: int) -> tuple[int, int]:
    """(H, W), each the next multiple."""
    height, width = (-(-side // multiple) * multiple for side in size)
    return height, width


def pad_to(x: Tensor, size: tuple[int, int], value: float = 0) -> Tensor:
    """Pad x (..., h, w) to a size, to the right and below."""
    height, width = x.shape[-2:]
    if (height, width) == size:
        return x
    return F.pad(x, (0, size[1] - width, 0, size[0] - height), value=value)


def masked_to(sample: SegDataSample, size: tuple[int, int]) -> SegDataSample:
    """A training sample whose mask (1, h, w) is padded with 255, which is ignored."""
    mask = pad_to(sample.gt_sem_seg.data, size, 255)
    if mask is sample.gt_sem_seg.data:
        return sample
    padded = SegDataSample(metainfo=sample.metainfo)
    padded.gt_sem_seg = PixelData(data=mask)
    return padded


def to_image_frame(prob: Tensor, size: tuple[int, int], meta: dict[str, Any]) -> Tensor:
    """Undo padding and flips of a map.

    Args:
        prob: (1, h, w), covering the padded input.
        size: (H, W) of the padded input.
        meta: ``img_shape`` before padding, ``flip`` and ``flip_direction``.

    Returns:
        (1, h, w) where nothing was padded, else (1, H', W') of ``img_shape``.
    """
    height, width = meta['img_shape'][:2]
    if (height, width) != size:
        prob = F.interpolate(prob[None], size, mode='bilinear')[0, :, :height, :width]
    if meta.get('flip'):
        dims = {'horizontal': [2], 'vertical': [1], 'diagonal': [1, 2]}
        prob = prob.flip(dims[meta['flip_direction']])
    return prob


def check_cover(maps: Sequence[Tensor], size: tuple[int, int], multiple: int) -> None:
    """Check that maps (B, C, h, w) cover an input padded to a size.

    Raises:
        ValueError: If a backbone pads or crops inside, so that the positions of its
            maps are unknown.
    """
    sides = [pair for each in maps for pair in zip(each.shape[-2:], size)]
    for side, length in sides:
        if (side * multiple) % length and length % (side * multiple):
            raise ValueError(
                f'the model gives {side} cells for {length} pixels, so it pads or '
                'crops inside and its map cannot be placed exactly: set the attribute '
                "`multiple` of the backbone's class to the number of pixels (patch or "
                'coarsest stride) of which sizes must be multiples'
            )
