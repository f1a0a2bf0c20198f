"""The probability map in the predictions of any segmentor, and its summaries."""

from collections.abc import Mapping
from typing import Any

import numpy as np

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


def image_score(prob: np.ndarray, top_share: float | None = None) -> float:
    """Summarizes a map in one number: how certain it is that the image was forged.

    Args:
        prob: (H, W) probabilities.
        top_share: None for the map's maximum; else in 0..1, for the mean of
            this share of its pixels, the highest ones (at least one pixel).
    """
    if top_share is None:
        return float(prob.max())
    return _mean(_highest(prob, top_share))


def map_features(prob: np.ndarray) -> dict[str, float]:
    """Summarizes a map (H, W) in the few numbers that calibration uses.

    The maximum, the mean of the highest 0.1 % and 1 % of the pixels (at least one), and
    the mean.
    """
    top = _highest(prob, 0.01)
    return {
        'max': float(top.max()),
        # A tenth of these, so that only these are searched.
        'top_0.1%': image_score(top, min(1.0, 0.001 * prob.size / top.size)),
        'top_1%': _mean(top),
        'mean': _mean(prob),
    }


def _highest(prob: np.ndarray, share: float) -> np.ndarray:
    n = max(1, round(share * prob.size))
    return np.partition(prob.ravel(), prob.size - n)[-n:]


def _mean(values: np.ndarray) -> float:
    return float(values.mean(dtype=np.float64))
