"""Removal: a region filled from its surroundings, by inpainting or by healing."""

import cv2
import numpy as np

from .blend import blend, poisson_blend, soft_edge
from .recipe import DEFAULTS, ForgeRecipe, happens
from .region import Region, object_mask

CANDIDATES = 4  # regions to compare: the one most likely to be an object is removed
METHODS = {'telea': cv2.INPAINT_TELEA, 'navier-stokes': cv2.INPAINT_NS}
SEARCHED_SIDE = 160  # `heal` compares positions in a reduced copy
RING = 9  # pixels around a region that have to match in `heal`


def remove(
    image: np.ndarray,
    rng: np.random.Generator,
    recipe: ForgeRecipe = DEFAULTS,
    region: Region = object_mask,
) -> tuple[np.ndarray, np.ndarray, dict]:
    """Fill an irregular region of an image from its surroundings.

    Telea, "An Image Inpainting Technique Based on the Fast Marching Method", JGT 2004,
    or Bertalmio et al., "Navier-Stokes, Fluid Dynamics, and Image and Video
    Inpainting", CVPR 2001, chosen at random: smooth fills without the photograph's
    noise. With the recipe's `healing_probability`, `heal` instead, which keeps it.

    Returns:
        Image, mask and drawn parameters, as of `splice`.
    """
    masks = [region(image, recipe.removal_area_range, rng) for _ in range(CANDIDATES)]
    mask = min(masks, key=lambda each: removal_cost(image, each))
    method = str(rng.choice(list(METHODS)))
    radius = rng.uniform(*recipe.inpaint_radius_range)
    feather = rng.uniform(*recipe.feather_range)
    if happens(recipe.healing_probability, rng):
        healed = heal(image, mask)
        if healed is not None:
            forged = blend(image, healed, soft_edge(mask, feather))
            return forged, mask, {'method': 'healing', 'feather': feather}
    # pixels beyond this margin do not influence the fill
    margin = int(np.ceil(radius)) + 4
    left, top, width, height = cv2.boundingRect(mask)
    window = (
        slice(max(0, top - margin), top + height + margin),
        slice(max(0, left - margin), left + width + margin),
    )
    # the fill is wider than the mask, so that it also shows through the soft edge
    hole = cv2.dilate(mask[window], np.ones((5, 5), np.uint8))
    fill = cv2.inpaint(image[window], hole, radius, METHODS[method])
    forged = image.copy()
    forged[window] = blend(image[window], fill, soft_edge(mask[window], feather))
    return forged, mask, {'method': method, 'radius': radius, 'feather': feather}


def removal_cost(image: np.ndarray, mask: np.ndarray) -> float:
    """Variation of a region's surroundings, relative to that inside the region.

    It is low for a textured object on a plain background: what people remove, and what
    a fill can hide.
    """
    ring = (cv2.dilate(mask, np.ones((9, 9), np.uint8)) - mask) > 0
    around = image[ring].std(axis=0).mean()
    within = image[mask > 0].std(axis=0).mean()
    return float(around / (1 + within))


def heal(image: np.ndarray, mask: np.ndarray) -> np.ndarray | None:
    """Fill a region with the part of the image whose surroundings match its own best.

    As a healing brush does: the ring around the region is searched for elsewhere, and
    the inside of the best match is blended in by its gradients. The fill keeps the
    photograph's texture and noise.

    Returns:
        (H, W, 3) uint8; None where the region is too close to the frame, or no other
        part has room beside it.
    """
    height, width = mask.shape
    left, top, box_width, box_height = cv2.boundingRect(mask)
    top, left = top - RING, left - RING
    box_height, box_width = box_height + 2 * RING, box_width + 2 * RING
    if min(top, left) < 0 or top + box_height > height or left + box_width > width:
        return None
    box = slice(top, top + box_height), slice(left, left + box_width)
    hole = mask[box]
    scale = min(1.0, SEARCHED_SIDE / max(height, width))
    ring = cv2.dilate(hole, np.ones((2 * RING - 1,) * 2, np.uint8)) - hole
    small, pattern, ring = (
        cv2.resize(each, None, fx=scale, fy=scale, interpolation=how)
        for each, how in (
            (image, cv2.INTER_AREA),
            (image[box], cv2.INTER_AREA),
            (ring, cv2.INTER_NEAREST),
        )
    )
    if not ring.any():
        return None
    cost = cv2.matchTemplate(small, pattern, cv2.TM_SQDIFF, mask=ring)
    # the two must not overlap
    rows, columns = np.ogrid[: cost.shape[0], : cost.shape[1]]
    near = (np.abs(rows - top * scale) < pattern.shape[0]) & (
        np.abs(columns - left * scale) < pattern.shape[1]
    )
    cost = np.where(near, np.inf, cost)
    best = np.unravel_index(int(cost.argmin()), cost.shape)
    if not np.isfinite(cost[best]):
        return None
    row = min(round(best[0] / scale), height - box_height)
    column = min(round(best[1] / scale), width - box_width)
    filled = image.copy()
    filled[box] = poisson_blend(
        image[box], image[row : row + box_height, column : column + box_width], hole
    )
    return filled
