"""Cut a region out of one image and paste it into another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from .blend import blend, match_colour, poisson_blend, soft_edge
from .irregular_mask import largest_component

MARGIN = 4  # pixels around a cut-out: room for its soft edge


@dataclass(frozen=True)
class CutOut:
    """A region cut out of an image, and its mask; the outer `MARGIN` pixels are 0."""

    image: np.ndarray
    mask: np.ndarray


def cut_out(
    source: np.ndarray, mask: np.ndarray, scale: float = 1.0, angle: float = 0.0
) -> CutOut:
    """Cut a region out, scaled and rotated (degrees, leftward) about its centre."""
    columns = np.flatnonzero(mask.any(axis=0))
    rows = np.flatnonzero(mask.any(axis=1))
    centre = (float(columns[[0, -1]].mean()), float(rows[[0, -1]].mean()))
    affine = cv2.getRotationMatrix2D(centre, angle, scale)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    points = np.concatenate(outlines)[:, 0] @ affine[:, :2].T + affine[:, 2]
    # an integer shift keeps a cut-out exact that is neither scaled nor rotated
    corner = np.floor(points.min(axis=0) + 1e-6) - MARGIN
    width, height = (np.ceil(points.max(axis=0) - corner) + 1 + MARGIN).astype(int)
    affine[:, 2] -= corner
    size = int(width), int(height)
    image = cv2.warpAffine(
        source, affine, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
    inner = (cv2.warpAffine(mask * 255, affine, size) > 127).astype(np.uint8)
    core = slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN)
    inner = np.pad(inner[core], MARGIN)
    return CutOut(image, largest_component(inner))


def paste(
    background: np.ndarray,
    part: CutOut,
    position: tuple[int, int],
    drawn: Mapping[str, Any],
) -> tuple[np.ndarray, np.ndarray]:
    """Paste a cut-out into an image, with a soft edge and matched colours.

    Args:
        position: (top, left) of the cut-out, which lies inside the frame.
        drawn: ``feather``, the width of the soft edge in pixels, at most
            2 * MARGIN - 1; optional: ``colour_strength``, 1 gives the part the colours
            of its surroundings, 0 (without) keeps its own; ``poisson``, whether the
            part's gradients (`poisson_blend`) are blended instead of its colours.

    Returns:
        The image (H, W, 3) uint8 and the mask (H, W) uint8 of the pasted pixels.
    """
    height, width = part.mask.shape
    top, left = position
    window = slice(top, top + height), slice(left, left + width)
    below = background[window]
    strength = drawn.get('colour_strength', 0.0)
    matched = match_colour(part.image, part.mask, below, 1 - part.mask, strength)
    if drawn.get('poisson'):
        matched = poisson_blend(below, matched, part.mask)
    image = background.copy()
    image[window] = blend(below, matched, soft_edge(part.mask, drawn['feather']))
    mask = np.zeros(background.shape[:2], np.uint8)
    mask[window] = part.mask
    return image, mask
