"""Where the probability of forgery is, in the predictions of any segmentor."""

from collections.abc import Mapping
from typing import Any

import numpy as np

# Float32 interpolation may leave 0..1 by this much, a sigmoid left out by more.
_TOLERANCE = 1e-4


def probability_map(sample: Mapping[str, Any]) -> np.ndarray:
    """Gives the probability that each pixel was forged.

    Taken from ``forgery_prob`` where there is one, as MPCSegmentor gives; else from
    ``seg_logits`` as MMSegmentation's models give them: one channel holds
    probabilities already, two hold the logits of authentic and forged.

    Args:
        sample: A data sample as a dictionary, as MMEngine hands it to a metric.

    Returns:
        (H, W) float32 in 0..1.

    Raises:
        ValueError: If there is no prediction, it has another number of channels,
            or holds a NaN or a value outside 0..1. Names the image.
    """
    import torch  # the rest of this file does without, and so does ONNX inference

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
    """Names the image of a sample in a message."""
    return str(sample.get('img_path') or f'sample {sample.get("sample_idx", "?")}')


def image_score(prob: np.ndarray, top_share: float | None = None) -> float:
    """Sums a map up in one number: how sure it is that the image was forged.

    Args:
        prob: (H, W) probabilities.
        top_share: None for the map's maximum; else in 0..1, for the mean of
            this share of its pixels, the highest ones (at least one pixel).
    """
    if top_share is None:
        return float(prob.max())
    n_top = max(1, round(top_share * prob.size))
    top = np.partition(prob.ravel(), prob.size - n_top)[-n_top:]
    return float(top.mean(dtype=np.float64))


def map_features(prob: np.ndarray) -> dict[str, float]:
    """Sums a map up in the few numbers by which calibration may judge an image.

    Args:
        prob: (H, W) probabilities.

    Returns:
        The maximum, the mean of the highest 0.1 % and 1 % of the pixels (at least
        one), and the mean.
    """
    n_top = max(1, round(0.01 * prob.size))
    top = np.partition(prob.ravel(), prob.size - n_top)[-n_top:]
    return {
        'max': float(top.max()),
        # A tenth of these, so that only these are sorted through.
        'top_0.1%': image_score(top, min(1.0, 0.001 * prob.size / n_top)),
        'top_1%': float(top.mean(dtype=np.float64)),
        'mean': float(prob.mean(dtype=np.float64)),
    }
