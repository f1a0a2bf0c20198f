"""Make a pasted part fit its surroundings: soft edges, gradients, colours."""

import cv2
import numpy as np

ERODED = 3  # pixels by which cv2.seamlessClone shrinks a region
GAIN_LIMITS = (0.75, 1.33)  # of the change of contrast in `match_colour`


def soft_edge(mask: np.ndarray, width: float) -> np.ndarray:
    """Opacity (H, W) that rises from 0 to 1 across the outline of a region.

    The ramp is `width` pixels wide; up to 1, the edge is hard. The opacity exceeds 0.5
    inside the region and nowhere else, and is exactly 0 or 1 from `width / 2 + 0.5`
    pixels off the outline.
    """
    if width <= 1:
        return mask.astype(np.float32)
    within = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    beyond = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 5)
    # distances are to the next pixel's centre; the outline is half a pixel closer
    signed = np.where(mask > 0, within - 0.5, 0.5 - beyond)
    return np.clip(0.5 + signed / width, 0, 1).astype(np.float32)


def poisson_blend(
    background: np.ndarray, foreground: np.ndarray, mask: np.ndarray
) -> np.ndarray:
    """Fill a region with the foreground's gradients, continuous with the background.

    Perez, Gangnet, Blake, "Poisson Image Editing", SIGGRAPH 2003, as in OpenCV. The
    region is not empty and at least `ERODED + 1` pixels from the frame.
    """
    # OpenCV shrinks the region first
    larger = cv2.dilate(mask, np.ones((2 * ERODED + 1,) * 2, np.uint8))
    left, top, width, height = cv2.boundingRect(larger)
    centre = left + width // 2, top + height // 2  # where OpenCV puts the region back
    cloned = cv2.seamlessClone(
        foreground, background, larger * 255, centre, cv2.NORMAL_CLONE
    )
    return np.where(mask[..., None] > 0, cloned, background)


def blend(
    background: np.ndarray, foreground: np.ndarray, alpha: np.ndarray
) -> np.ndarray:
    """`background + alpha (foreground - background)`, (H, W, 3) uint8; alpha (H, W)."""
    below = background.astype(np.float32)
    mixed = below + alpha[..., None] * (foreground.astype(np.float32) - below)
    return np.rint(mixed).astype(np.uint8)


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
        part: the image that holds the part.
        part_mask: non-zero where the part is.
        surroundings: an image of another or the same size.
        surroundings_mask: non-zero where its colours count.
        strength: 0 leaves the part unchanged, 1 matches it fully.
    """
    if strength == 0 or not part_mask.any() or not surroundings_mask.any():
        return part
    lab = cv2.cvtColor(part.astype(np.float32) / 255, cv2.COLOR_BGR2Lab)
    target = cv2.cvtColor(surroundings.astype(np.float32) / 255, cv2.COLOR_BGR2Lab)
    pixels, target_pixels = lab[part_mask > 0], target[surroundings_mask > 0]
    mean, target_mean = pixels.mean(axis=0), target_pixels.mean(axis=0)
    deviation, target_deviation = pixels.std(axis=0), target_pixels.std(axis=0)
    gain = np.clip((target_deviation + 1) / (deviation + 1), *GAIN_LIMITS)
    gain = 1 + strength * (gain - 1)
    shift = strength * (target_mean - mean)
    matched = ((lab - mean) * gain + mean + shift).astype(np.float32)
    bgr = cv2.cvtColor(matched, cv2.COLOR_Lab2BGR)
    return np.rint(np.clip(bgr, 0, 1) * 255).astype(np.uint8)
