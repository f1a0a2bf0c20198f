"""Cut a region out of one image and paste it into another."""

from dataclasses import dataclass

import cv2
import numpy as np

from .blend import blend, match_colour, poisson_blend, soft_edge
from .irregular_mask import largest_component

MARGIN = 4  # pixels around a cut-out: room for its soft edge


@dataclass(frozen=True)
class CutOut:
    """A region cut out of a source image, scaled and rotated.

    Args:
        image: (h, w, 3) uint8 BGR.
        mask: (h, w) uint8, 1 where the region is; the outer `MARGIN` pixels are 0.
    """

    image: np.ndarray
    mask: np.ndarray


def cut_out(
    source: np.ndarray, mask: np.ndarray, scale: float = 1.0, angle: float = 0.0
) -> CutOut:
    """Cut a region out, scaled and rotated about its centre.

    Args:
        source: (H, W, 3) uint8 BGR.
        mask: (H, W) uint8, 1 inside the region; not empty.
        scale: enlargement.
        angle: rotation in degrees, counter-clockwise.
    """
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
    image = cv2.warpAffine(
        source,
        affine,
        (int(width), int(height)),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    opacity = cv2.warpAffine(mask * 255, affine, (int(width), int(height)))
    inner = np.zeros(opacity.shape, np.uint8)
    inner[MARGIN:-MARGIN, MARGIN:-MARGIN] = (
        opacity[MARGIN:-MARGIN, MARGIN:-MARGIN] > 127
    )
    return CutOut(image, largest_component(inner))


def paste(
    background: np.ndarray,
    part: CutOut,
    position: tuple[int, int],
    feather: float,
    colour_strength: float = 0.0,
    poisson: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Paste a cut-out into an image, with a soft edge and matched colours.

    Args:
        background: (H, W, 3) uint8 BGR.
        part: the cut-out, (h, w).
        position: (top, left) of the cut-out, which lies inside the frame.
        feather: width of the soft edge in pixels, at most 2 * MARGIN - 1.
        colour_strength: 0 keeps the part's colours, 1 gives it the surroundings'.
        poisson: blend the part's gradients (`poisson_blend`) instead of its colours.

    Returns:
        The image (H, W, 3) uint8 and the mask (H, W) uint8 of the pasted pixels.
    """
    height, width = part.mask.shape
    top, left = position
    window = slice(top, top + height), slice(left, left + width)
    below = background[window]
    matched = match_colour(part.image, part.mask, below, 1 - part.mask, colour_strength)
    if poisson:
        matched = poisson_blend(below, matched, part.mask)
    image = background.copy()
    image[window] = blend(below, matched, soft_edge(part.mask, feather))
    mask = np.zeros(background.shape[:2], np.uint8)
    mask[window] = part.mask
    return image, mask
