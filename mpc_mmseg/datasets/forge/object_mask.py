"""Regions that follow the contents of a photograph, as a forger's cut-outs do."""

import math

import cv2
import numpy as np

from .irregular_mask import fill_holes, irregular_mask, largest_component


def object_mask(
    image: np.ndarray,
    area_range: tuple[float, float],
    rng: np.random.Generator,
) -> np.ndarray:
    """An irregular region whose outline is drawn to the edges of the image beneath.

    Args:
        image: (H, W, 3) uint8 BGR.
        area_range: smallest and largest share of the frame that the region covers.
        rng: source of randomness.

    Returns:
        (H, W) uint8, 1 inside the region and 0 outside; connected.
    """
    mask = irregular_mask(image.shape[:2], area_range, rng)
    snapped = snap_to_edges(mask, image)
    low, high = area_range
    return snapped if low <= snapped.mean() <= high else mask


def snap_to_edges(mask: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Move the outline of a region to image edges near it, by a watershed.

    Pixels deep inside and far outside keep their side; the band in between (an eighth
    of the region's width either way) is divided along the strongest edges.

    Args:
        mask: (H, W) uint8, 1 inside the region and 0 outside.
        image: (H, W, 3) uint8 BGR.

    Returns:
        (H, W) uint8 0/1, one connected region without holes; the mask as it came where
        it is too thin to have an inside.
    """
    reach = max(2, round(0.12 * math.sqrt(float(mask.sum()))))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    # far from the region nothing changes, and a disc is slow
    left, top, width, height = cv2.boundingRect(mask)
    window = (
        slice(max(0, top - reach), top + height + reach),
        slice(max(0, left - reach), left + width + reach),
    )
    inside = np.zeros_like(mask)
    inside[window] = cv2.erode(mask[window], disc)
    if not inside.any():
        return mask
    markers = np.ones(mask.shape, np.int32)
    markers[window][cv2.dilate(mask[window], disc) > 0] = 0
    # an outline along the frame would show as a straight cut once pasted elsewhere
    edge = np.ones(mask.shape, bool)
    edge[3:-3, 3:-3] = False
    markers[edge & (mask == 0)] = 1
    markers[inside > 0] = 2
    labels = cv2.watershed(cv2.medianBlur(image, 5), markers)
    # the watershed leaves the frame's border undecided
    labels = cv2.copyMakeBorder(
        labels[1:-1, 1:-1].astype(np.int16), 1, 1, 1, 1, cv2.BORDER_REPLICATE
    )
    # a hand does not follow every pixel
    smoothing = max(1.0, 0.3 * reach)
    soft = cv2.GaussianBlur((labels == 2).astype(np.float32), (0, 0), smoothing)
    divided = (soft > 0.5).astype(np.uint8)
    return fill_holes(largest_component(divided)) if divided.any() else mask
