"""The part of a photograph to paste, and the position where its seam shows least."""

import cv2
import numpy as np

from .paste import CutOut, cut_out
from .recipe import ForgeRecipe
from .region import Region

SEARCHED_SIDE = 160  # all positions are compared in a reduced copy
ATTEMPTS = 40
CANDIDATES = 3  # parts to compare: the one with the lowest cost is pasted
MAX_OVERLAP = 0.2  # largest share of the part that may lie on occupied pixels

Position = tuple[int, int]  # (top, left) of a cut-out in the background


def select_part(
    source: np.ndarray,
    background: np.ndarray,
    rng: np.random.Generator,
    recipe: ForgeRecipe,
    region: Region,
    same_scene: bool = False,
) -> tuple[CutOut, Position, dict]:
    """Draw a few parts of a source and keep the one whose seam shows least.

    Args:
        recipe: its `area_range` (a share of the background), `scale_range`,
            `rotation_range` and `places` count.
        region: chooses the parts in the source.
        same_scene: whether source and background show the same scene; a part then
            keeps off its original.

    Returns:
        The part, its position, and what was drawn.

    Raises:
        ValueError: no part fits.
    """
    frame = background.shape[0] * background.shape[1]
    source_share = frame / (source.shape[0] * source.shape[1])
    smallest, largest = recipe.area_range
    candidates: list[tuple] = []
    for _ in range(ATTEMPTS):
        scale = rng.uniform(*recipe.scale_range)
        angle = rng.uniform(*recipe.rotation_range)
        low = min(smallest * source_share / scale**2, 0.5)
        high = min(largest * source_share / scale**2, 0.6)
        original = region(source, (low, high), rng)
        part = cut_out(source, original, scale, angle)
        if smallest <= part.mask.sum() / frame <= largest:
            occupied = original if same_scene else None
            found = (
                find_position(part, background, rng, recipe.places, occupied)
                if recipe.places
                else find_best_position(part, background, occupied)
            )
            if found is not None:
                candidates.append((*found, part, scale, angle))
        if len(candidates) == CANDIDATES:
            break
    if not candidates:
        raise ValueError(
            f'no part with area_range {recipe.area_range} of an image of '
            f'{source.shape[:2]} fits into a background of {background.shape[:2]}'
            f'{", beside its original" * same_scene}; lower area_range or scale_range'
        )
    position, _, part, scale, angle = min(candidates, key=lambda each: each[1])
    drawn = {'scale': scale, 'rotation': angle, 'place': list(position)}
    return part, position, drawn


def find_position(
    part: CutOut,
    background: np.ndarray,
    rng: np.random.Generator,
    tries: int = 8,
    occupied: np.ndarray | None = None,
) -> tuple[Position, float] | None:
    """The one of some random positions where a cut-out's seam shows least.

    It avoids what is occupied (H, W).

    Returns:
        The position, and the mean difference across the seam in 8-bit units; None where
        there is no room.
    """
    height, width = part.mask.shape
    room = background.shape[0] - height, background.shape[1] - width
    if min(room) < 0:
        return None
    seam = (part.mask - cv2.erode(part.mask, np.ones((5, 5), np.uint8))) > 0
    rim = part.image[seam].astype(np.int16)
    allowed = MAX_OVERLAP * int(part.mask.sum())
    best, best_cost = None, np.inf
    for _ in range(tries):
        top, left = (int(rng.integers(free + 1)) for free in room)
        window = slice(top, top + height), slice(left, left + width)
        if occupied is not None and (part.mask & occupied[window]).sum() > allowed:
            continue
        cost = float(np.abs(background[window][seam] - rim).mean())
        if cost < best_cost:
            best, best_cost = (top, left), cost
    return None if best is None else (best, best_cost)


def find_best_position(
    part: CutOut, background: np.ndarray, occupied: np.ndarray | None = None
) -> tuple[Position, float] | None:
    """Compare all positions for a cut-out, where `find_position` compares a few.

    The arguments and the result are those of `find_position`; the cost is the root mean
    square difference along the seam.
    """
    height, width = part.mask.shape
    room = background.shape[0] - height, background.shape[1] - width
    if min(room) < 0:
        return None
    scale = min(1.0, SEARCHED_SIDE / max(background.shape[:2]))
    reach = np.ones((9, 9), np.uint8)
    band = cv2.dilate(part.mask, reach) - cv2.erode(part.mask, reach)
    small, rim, seam, inside = (
        cv2.resize(each, None, fx=scale, fy=scale, interpolation=how)
        for each, how in (
            (background, cv2.INTER_AREA),
            (part.image, cv2.INTER_AREA),
            (band, cv2.INTER_NEAREST),
            (part.mask, cv2.INTER_NEAREST),
        )
    )
    if not seam.any() or min(np.subtract(small.shape, rim.shape)[:2]) < 0:
        return None
    cost: np.ndarray = cv2.matchTemplate(small, rim, cv2.TM_SQDIFF, mask=seam)
    if occupied is not None and inside.any():
        taken = cv2.resize(
            occupied, small.shape[1::-1], interpolation=cv2.INTER_NEAREST
        )
        overlap = cv2.matchTemplate(
            taken.astype(np.float32), inside.astype(np.float32), cv2.TM_CCORR
        )
        cost = np.where(overlap > MAX_OVERLAP * inside.sum(), np.inf, cost)
    best = np.unravel_index(int(cost.argmin()), cost.shape)
    if not np.isfinite(cost[best]):
        return None
    top, left = (min(round(at / scale), free) for at, free in zip(best, room))
    return (top, left), float(np.sqrt(max(cost[best], 0) / (3 * int(seam.sum()))))
