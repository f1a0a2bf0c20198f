"""Regions of neighbouring superpixels of similar colour."""

import math

import cv2
import numpy as np

from .irregular_mask import fill_holes

LONG_SIDE = 192  # superpixels are found in a reduced copy
SUPERPIXELS = 160


def superpixel_mask(
    image: np.ndarray, area_range: tuple[float, float], rng: np.random.Generator
) -> np.ndarray | None:
    """A region grown from a random superpixel over its most similar neighbours.

    Returns:
        (H, W) uint8, 1 inside the region, which does not touch the frame; None where
        no region of that size was found.
    """
    low, high = area_range
    scale = min(1.0, LONG_SIDE / max(image.shape[:2]))
    size = [max(8, round(side * scale)) for side in image.shape[1::-1]]
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    labels = superpixels(small, SUPERPIXELS, rng)
    region = _grow(small, labels, rng.uniform(low, high), rng)
    if region is None:
        return None
    # smooth the outline that was found in a reduced copy
    soft = cv2.resize(region.astype(np.float32), image.shape[1::-1])
    soft = cv2.GaussianBlur(soft, (0, 0), max(1.0, 0.8 / scale))
    mask = fill_holes((soft > 0.5).astype(np.uint8))
    return mask if low <= mask.mean() <= high else None


def superpixels(image: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    """Labels (H, W) int32 from 1 by a watershed from points of a jittered grid."""
    height, width = image.shape[:2]
    step = max(4.0, math.sqrt(height * width / number))
    rows = np.arange(step / 2, height, step)
    columns = np.arange(step / 2, width, step)
    points = np.stack(np.meshgrid(rows, columns, indexing='ij'), -1).reshape(-1, 2)
    points += rng.uniform(-0.3 * step, 0.3 * step, points.shape)
    points = np.clip(np.rint(points), 1, (height - 2, width - 2)).astype(int)
    markers = np.zeros((height, width), np.int32)
    markers[points[:, 0], points[:, 1]] = np.arange(1, len(points) + 1)
    labels = cv2.watershed(cv2.medianBlur(image, 3), markers).astype(np.float32)
    # lines between superpixels, and the frame, are -1: give them to a neighbour
    for _ in range(3):
        grown = cv2.dilate(labels, np.ones((3, 3), np.uint8))
        labels = np.where(labels < 1, grown, labels)
    return labels.astype(np.int32)


def _grow(
    image: np.ndarray, labels: np.ndarray, area: float, rng: np.random.Generator
) -> np.ndarray | None:
    """Join superpixels away from the frame until a share of the image is covered."""
    count = int(labels.max()) + 1
    flat = labels.ravel()
    pixels = np.bincount(flat, minlength=count)
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_BGR2Lab).reshape(-1, 3)
    sums = [np.bincount(flat, lab[:, each], minlength=count) for each in range(3)]
    colour = np.stack(sums, 1) / np.maximum(pixels, 1)[:, None]
    border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    allowed = pixels > 0
    allowed[border] = False
    if not allowed.any():
        return None
    touch = np.zeros((count, count), bool)
    for one, other in (labels[:, 1:], labels[:, :-1]), (labels[1:], labels[:-1]):
        touch[one, other] = touch[other, one] = True
    start = int(rng.choice(np.flatnonzero(allowed)))
    distance = np.linalg.norm(colour - colour[start], axis=1)
    chosen = np.arange(count) == start
    while pixels[chosen].sum() < area * labels.size:
        waiting = np.flatnonzero(touch[chosen].any(axis=0) & allowed & ~chosen)
        if not len(waiting):
            return None
        chosen[waiting[distance[waiting].argmin()]] = True
    return chosen[labels]
