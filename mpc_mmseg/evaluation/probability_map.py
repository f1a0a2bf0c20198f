"""The probability map in the predictions of any segmentor, and its summaries."""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

#: Sides in pixels of the squares of `map_features`.
SIDES = (9, 17, 33)
# Float32 interpolation may leave 0..1 by this much, a sigmoid left out by more.
_TOLERANCE = 1e-4


def probability_map(sample: Mapping[str, Any]) -> np.ndarray:
    """Gives the probability that each pixel was forged.

    From MPCSegmentor's ``forgery_prob`` if present, else from MMSegmentation's
    ``seg_logits``: one channel holds probabilities, two hold the logits of authentic
    and forged.

    Args:
        sample: A data sample as a dictionary, as MMEngine hands it to a metric.

    Returns:
        (H, W) float32 in 0..1.

    Raises:
        ValueError: If there is no prediction, it has another number of channels,
            or holds a NaN or a value outside 0..1. The message names the image.
    """
    import torch  # not at the top: ONNX inference works without it

    image = image_name(sample)
    if 'forgery_prob' in sample:
        maps = sample['forgery_prob']['data']
    elif 'seg_logits' in sample:
        maps = sample['seg_logits']['data']
        if maps.ndim == 3 and maps.shape[0] == 2:
            maps = torch.as_tensor(maps).float().softmax(dim=0)[1:]
    else:
        raise ValueError(f'{image}: the model gave neither forgery_prob nor seg_logits')
    if maps.ndim != 3 or maps.shape[0] != 1:
        raise ValueError(
            f'{image}: a map must be (1, H, W), or (2, H, W) logits, got '
            f'{tuple(maps.shape)}'
        )
    prob = torch.as_tensor(maps)[0].detach().float().cpu().numpy()
    low, high = prob.min(), prob.max()
    # Written so that a NaN, too, fails it.
    if not (low >= -_TOLERANCE and high <= 1 + _TOLERANCE):
        raise ValueError(
            f'{image}: probabilities must be in 0..1, got {low} to {high}; '
            'a NaN comes from a broken model, other values from a missing sigmoid'
        )
    return prob if low >= 0 and high <= 1 else prob.clip(0, 1)


def image_name(sample: Mapping[str, Any]) -> str:
    """Name of a sample's image in messages."""
    return str(sample.get('img_path') or f'sample {sample.get("sample_idx", "?")}')


def map_features(prob: np.ndarray) -> dict[str, float]:
    """Summaries of a map (H, W), of which a calibration chooses one.

    The maximum, and the highest mean of a square of each of `SIDES` pixels that lies in
    the image. None depends on the image's size: a small region is as loud in a large
    photograph as in a small one.
    """
    features = {'max': float(prob.max())}
    for side in SIDES:
        height, width = (min(side, length) for length in prob.shape)
        # The border is not used: only squares that lie in the image are compared.
        means = cv2.blur(prob, (width, height), borderType=cv2.BORDER_CONSTANT)
        top, left = height // 2, width // 2
        inside = means[
            top : top + prob.shape[0] - height + 1,
            left : left + prob.shape[1] - width + 1,
        ]
        features[f'max_{side}px'] = float(np.clip(inside.max(), 0, 1))
    return features
