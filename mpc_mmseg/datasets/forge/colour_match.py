"""Light matching of a pasted part's colours to its surroundings."""

import cv2
import numpy as np

GAIN_LIMITS = (0.75, 1.33)


def match_colour(
    part: np.ndarray,
    part_mask: np.ndarray,
    surroundings: np.ndarray,
    surroundings_mask: np.ndarray,
    strength: float,
) -> np.ndarray:
    """Shift a part's Lab mean and deviation towards those of its surroundings.

    Reinhard et al., "Color Transfer between Images", IEEE CG&A 2001, in CIELAB and
    with the change of contrast limited.

    Args:
        part: (H, W, 3) uint8 BGR, the image that holds the part.
        part_mask: (H, W), non-zero where the part is.
        surroundings: (H', W', 3) uint8 BGR.
        surroundings_mask: (H', W'), non-zero where the colours count.
        strength: 0 leaves the part alone, 1 moves it all the way.

    Returns:
        (H, W, 3) uint8 BGR; `part` itself where a mask is empty.

    Raises:
        ValueError: `strength` is outside 0..1.
    """
    if not 0 <= strength <= 1:
        raise ValueError(f'strength must lie in 0..1, got {strength}')
    if strength == 0 or not part_mask.any() or not surroundings_mask.any():
        return part
    lab = cv2.cvtColor(part.astype(np.float32) / 255, cv2.COLOR_BGR2Lab)
    aim = cv2.cvtColor(surroundings.astype(np.float32) / 255, cv2.COLOR_BGR2Lab)
    mean, deviation = _statistics(lab, part_mask)
    aim_mean, aim_deviation = _statistics(aim, surroundings_mask)
    gain = np.clip((aim_deviation + 1) / (deviation + 1), *GAIN_LIMITS)
    gain = 1 + strength * (gain - 1)
    shift = strength * (aim_mean - mean)
    matched = ((lab - mean) * gain + mean + shift).astype(np.float32)
    bgr = cv2.cvtColor(matched, cv2.COLOR_Lab2BGR)
    return np.rint(np.clip(bgr, 0, 1) * 255).astype(np.uint8)


def _statistics(lab: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (3,) of the pixels (H, W, 3) under a mask."""
    pixels = lab[mask > 0]
    return pixels.mean(axis=0), pixels.std(axis=0)
