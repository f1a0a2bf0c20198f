"""Irregular connected regions, as a forger's lasso selects them."""

import math

import cv2
import numpy as np

ATTEMPTS = 20
FITTING_STEPS = 40
HARMONICS = 7


def check_area_range(area_range: tuple[float, float], name: str = 'area_range') -> None:
    """Raise ValueError unless shares of the frame are 0 < low < high <= 0.6."""
    numbers = all(isinstance(each, int | float) for each in area_range)
    low, high = area_range if numbers and len(area_range) == 2 else (0, 0)
    if not 0 < low < high <= 0.6:
        raise ValueError(f'{name} must be 0 < low < high <= 0.6, got {area_range}')


def irregular_mask(
    shape: tuple[int, int],
    area_range: tuple[float, float],
    rng: np.random.Generator,
) -> np.ndarray:
    """An irregular connected region of a frame (H, W), with a share from a range.

    Half of the regions are smooth star shapes, half are level sets of smooth noise.
    """
    low, high = area_range
    # a little inside the range, since areas are rounded to pixels
    middle = (low + high) / 2
    inner = min(1.02 * low, middle), max(0.98 * high, middle)
    for _ in range(ATTEMPTS):
        area = rng.uniform(*inner)
        mask = noise_blob(shape, area, rng) if rng.random() < 0.5 else None
        if mask is None:
            mask = star_blob(shape, area, rng)
        if low <= mask.mean() <= high:
            return mask
    raise ValueError(
        f'area_range {area_range} cannot be met in a frame of {shape} pixels; widen '
        'the range or enlarge the frame'
    )


def star_blob(
    shape: tuple[int, int], area: float, rng: np.random.Generator
) -> np.ndarray:
    """A star-shaped region; log radius is a random Fourier series of the angle.

    It stays star-shaped, hence connected, where the frame cuts it. `shape` is the
    frame's (H, W) in pixels and `area` the share of it to cover; the result is (H, W)
    uint8, 1 inside the region.
    """
    height, width = shape
    angles = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    order = np.arange(1, HARMONICS + 1)
    amplitude = rng.normal(0, 0.3, HARMONICS) / order
    phase = rng.uniform(0, 2 * np.pi, HARMONICS)
    radius = np.exp(np.cos(np.outer(angles, order) + phase) @ amplitude)
    outline = radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    stretch = math.exp(rng.uniform(-0.35, 0.35))
    turn = rng.uniform(0, np.pi)
    rotation = np.array(
        [[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]
    )
    outline = outline * (stretch, 1 / stretch) @ rotation
    position = rng.random(2)

    target = area * height * width
    scale = math.sqrt(target / max(cv2.contourArea(outline.astype(np.float32)), 1e-6))
    for _ in range(FITTING_STEPS):
        mask = _rasterise(outline * scale, position, shape)
        covered = int(mask.sum())
        if abs(covered - target) <= max(1.0, 0.01 * target):
            break
        scale *= math.sqrt(target / max(covered, 1))
    return mask


def _rasterise(
    outline: np.ndarray, position: np.ndarray, shape: tuple[int, int]
) -> np.ndarray:
    """Fill an outline (N, 2) at a relative `position` (0..1 each) in the frame."""
    size = np.array([shape[1], shape[0]])
    first = 1 - outline.min(axis=0)
    last = size - 2 - outline.max(axis=0)
    # where the outline does not fit along an axis: centre it, the frame cuts it
    centre = np.where(
        first <= last,
        first + position * (last - first),
        np.clip((first + last) / 2, 0, size - 1),
    )
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.rint((outline + centre) * 16).astype(np.int32)], 1, shift=4)
    return mask


def noise_blob(
    shape: tuple[int, int], area: float, rng: np.random.Generator
) -> np.ndarray | None:
    """The level set around a bump in smooth noise that covers a share of the frame.

    Arguments and result are those of `star_blob`; None where the area of the level
    sets jumps across the wanted one.
    """
    height, width = shape
    reduction = max(1.0, max(shape) / 96)
    rows, columns = (max(8, round(side / reduction)) for side in shape)
    side = math.sqrt(rows * columns)
    noise = rng.standard_normal((rows, columns)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), side * rng.uniform(0.05, 0.09))
    smooth = smooth / (smooth.std() + 1e-6)
    centre = rng.uniform(0.3, 0.7, 2) * (rows, columns)
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    reach = side * math.sqrt(area / math.pi)
    field = smooth - 2.0 * np.hypot(y - centre[0], x - centre[1]) / reach
    seed = np.unravel_index(int(field.argmax()), field.shape)

    low, high = float(field.min()), float(field.max())
    for _ in range(12):
        level = (low + high) / 2
        if _component(field > level, seed).mean() > area:
            low = level
        else:
            high = level
    fine = cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC)
    fine_seed = np.unravel_index(int(fine.argmax()), fine.shape)
    mask = fill_holes(_component(fine > high, fine_seed))
    return mask if 0.8 * area <= mask.mean() <= 1.2 * area else None


def _component(region: np.ndarray, seed: tuple) -> np.ndarray:
    """The 4-connected component of a region (H, W) that holds the pixel `seed`."""
    _, labels = cv2.connectedComponents(region.astype(np.uint8), connectivity=4)
    if labels[seed] == 0:
        return np.zeros(region.shape, np.uint8)
    return (labels == labels[seed]).astype(np.uint8)


def fill_holes(mask: np.ndarray) -> np.ndarray:
    """Fill the holes of a region (H, W) uint8 0/1."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(np.zeros_like(mask), outlines, -1, 1, cv2.FILLED)


def largest_component(mask: np.ndarray) -> np.ndarray:
    """The largest 4-connected component of a region (H, W) uint8 0/1."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    if len(stats) <= 2:
        return mask
    return (labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())).astype(np.uint8)
