"""Which flip aligns a mask with the edges of its image."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

#: Name -> what it does to a mask.
FLIPS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    'no transform': lambda mask: mask,
    'a left-right flip': lambda mask: mask[:, ::-1],
    'an upside-down flip': lambda mask: mask[::-1],
    'a half turn': lambda mask: mask[::-1, ::-1],
}
_LONG_SIDE = 384


def edge_ranks(grey: np.ndarray) -> np.ndarray:
    """The strength of edges as ranks in 0..1, at a moderate size, of (H, W) uint8."""
    scale = min(1.0, _LONG_SIDE / max(grey.shape))
    if scale < 1:
        size = [max(1, round(n * scale)) for n in grey.shape[::-1]]
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(grey, (0, 0), 1)
    dx = cv2.Sobel(smooth, cv2.CV_32F, 1, 0)
    dy = cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    # Tolerate one pixel: masks are drawn by hand.
    near = cv2.dilate(cv2.magnitude(dx, dy), np.ones((3, 3), np.uint8))
    strength = near.clip(0, 1023).astype(np.int64)
    levels = np.bincount(strength.ravel(), minlength=1024)
    ranks = (np.cumsum(levels) - levels / 2) / strength.size
    return ranks[strength]


def fits(ranks: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """How well the outline of a mask of 0 and 1 matches edges after each of ``FLIPS``.

    Returns:
        Name -> the mean of :func:`edge_ranks` at the outline's pixels: 0.5 is chance.
        Empty where the mask has no outline.
    """
    found = {}
    for name, transform in FLIPS.items():
        turned = np.ascontiguousarray(transform(mask))
        size = ranks.shape[::-1]
        small = cv2.resize(turned, size, interpolation=cv2.INTER_NEAREST)
        # The image's border is not part of the outline.
        outline = cv2.morphologyEx(small, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
        values = ranks[outline > 0]
        if values.size < 16:
            return {}
        found[name] = float(values.mean())
    return found


def better_flip(scores: dict[str, float], margin: float = 0.25) -> str | None:
    """The flip that fits clearly better than the mask as it is, or None.

    Their scores differ by the margin, and that of the mask as it is is near chance.
    """
    if not scores:
        return None
    own = scores['no transform']
    best = max(scores, key=lambda name: scores[name])
    clearly = scores[best] - own >= margin and own < 0.55
    return best if clearly else None
