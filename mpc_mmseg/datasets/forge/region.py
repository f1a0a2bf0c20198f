"""The regions of a photograph that are cut out, inpainted or changed."""

import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from .irregular_mask import fill_holes, irregular_mask, largest_component
from .recipe import happens
from .superpixel_mask import superpixel_mask

#: (image, smallest and largest share of the frame, randomness) -> (H, W) uint8 0/1.
Region = Callable[[np.ndarray, tuple[float, float], np.random.Generator], np.ndarray]


def choose_region(
    objects: Sequence[np.ndarray] = (), superpixel_probability: float = 0.0
) -> Region:
    """A function that chooses an annotated object, superpixels or a drawn region.

    Args:
        objects: (H, W) uint8 0/1, annotated objects of the image; those that touch
            the frame are not used.
        superpixel_probability: how often superpixels are joined instead of drawing a
            region, where no object fits.
    """
    uncut = [
        each
        for each in objects
        if not any(edge.any() for edge in (each[0], each[-1], each[:, 0], each[:, -1]))
    ]

    def region(
        image: np.ndarray, area_range: tuple[float, float], rng: np.random.Generator
    ) -> np.ndarray:
        low, high = area_range
        fitting = [each for each in uncut if low <= each.mean() <= high]
        if fitting:
            return fitting[int(rng.integers(len(fitting)))]
        if happens(superpixel_probability, rng):
            joined = superpixel_mask(image, area_range, rng)
            if joined is not None:
                return joined
        return object_mask(image, area_range, rng)

    return region


def object_mask(
    image: np.ndarray,
    area_range: tuple[float, float],
    rng: np.random.Generator,
) -> np.ndarray:
    """An irregular connected region whose outline is moved to edges of the image."""
    mask = irregular_mask(image.shape[:2], area_range, rng)
    snapped = snap_to_edges(mask, image)
    low, high = area_range
    return snapped if low <= snapped.mean() <= high else mask


def snap_to_edges(mask: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Move the outline of a region to image edges near it, by a watershed.

    Pixels deep inside and far outside keep their side; the band in between (an eighth
    of the region's width to each side) is divided along the strongest edges.

    Returns:
        (H, W) uint8 0/1, one connected region without holes; the mask unchanged where
        it is too thin to have an inside.
    """
    reach = max(2, round(0.12 * math.sqrt(float(mask.sum()))))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    # pixels far from the region do not change, and a disc is slow
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
    # an outline along the frame would be a visible straight cut once pasted
    edge = np.ones(mask.shape, bool)
    edge[3:-3, 3:-3] = False
    markers[edge & (mask == 0)] = 1
    markers[inside > 0] = 2
    labels = cv2.watershed(cv2.medianBlur(image, 5), markers)
    # the watershed does not label the border of the frame
    labels = cv2.copyMakeBorder(
        labels[1:-1, 1:-1].astype(np.int16), 1, 1, 1, 1, cv2.BORDER_REPLICATE
    )
    # hand-drawn outlines do not follow every pixel
    smoothing = max(1.0, 0.3 * reach)
    soft = cv2.GaussianBlur((labels == 2).astype(np.float32), (0, 0), smoothing)
    divided = (soft > 0.5).astype(np.uint8)
    return fill_holes(largest_component(divided)) if divided.any() else mask
