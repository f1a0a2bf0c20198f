"""Copy-move: a part of a photograph repeated elsewhere in the same photograph."""

import numpy as np

from .best_place import find_best_place
from .irregular_mask import check_area_range
from .object_mask import object_mask
from .paste import cut_out, find_place, paste
from .region import Region

ATTEMPTS = 40
CANDIDATES = 3  # parts to compare: the one whose seam shows least is pasted


def copy_move(
    image: np.ndarray,
    rng: np.random.Generator,
    source: np.ndarray | None = None,
    area_range: tuple[float, float] = (0.03, 0.3),
    scale_range: tuple[float, float] = (0.8, 1.25),
    rotation_range: tuple[float, float] = (-15.0, 15.0),
    feather_range: tuple[float, float] = (0.0, 3.0),
    poisson_probability: float = 0.0,
    region: Region = object_mask,
    places: int = 8,
) -> tuple[np.ndarray, np.ndarray, dict]:
    """Repeat an irregular part of an image elsewhere, a little scaled and turned.

    Only the copy counts as forged; the original part stays authentic.

    Args:
        image: (H, W, 3) uint8 BGR.
        rng: source of randomness.
        source: (H, W, 3) uint8 BGR, what is copied from: the image itself unless given,
            or another save of it with a history of its own.
        area_range: share of the image that the copy covers.
        scale_range: enlargement of the copy.
        rotation_range: rotation of the copy in degrees.
        feather_range: width of the soft edge in pixels.
        poisson_probability: how often the copy's gradients are set in.
        places: random positions to compare for each part; 0: all there are.
        region: chooses the part that is copied.

    Returns:
        The forged image (H, W, 3) uint8, its mask (H, W) uint8 with 1 on the copy, and
        the drawn parameters.

    Raises:
        ValueError: `area_range` is invalid, `source` has another size, or there is no
            room for such a copy beside its original.
    """
    check_area_range(area_range)
    source = image if source is None else source
    if source.shape != image.shape:
        raise ValueError(
            f'source must have the shape of the image, {image.shape}, '
            f'got {source.shape}'
        )
    frame = image.shape[0] * image.shape[1]
    candidates: list[tuple] = []
    for _ in range(ATTEMPTS):
        scale = rng.uniform(*scale_range)
        angle = rng.uniform(*rotation_range)
        low, high = (
            min(bound / scale**2, limit) for bound, limit in zip(area_range, (0.5, 0.6))
        )
        original = region(source, (low, high), rng)
        part = cut_out(source, original, scale, angle)
        if area_range[0] <= part.mask.sum() / frame <= area_range[1]:
            found = (
                find_place(part, image, rng, places, original)
                if places
                else find_best_place(part, image, original)
            )
            if found is not None:
                place, cost = found
                candidates.append((cost, part, place, scale, angle))
        if len(candidates) == CANDIDATES:
            break
    if not candidates:
        raise ValueError(
            f'no room for a copy with area_range {area_range} beside its original in '
            f'an image of {image.shape[:2]}; lower area_range or scale_range'
        )
    _, part, place, scale, angle = min(candidates, key=lambda each: each[0])
    feather = rng.uniform(*feather_range)
    # nothing is drawn where it is off, so that a recipe's images stay the same
    poisson = poisson_probability > 0 and rng.random() < poisson_probability
    forged, mask = paste(image, part, place, feather, poisson=poisson)
    drawn = {
        'scale': scale,
        'rotation': angle,
        'place': list(place),
        'feather': feather,
        **({'poisson': True} if poisson else {}),
    }
    return forged, mask, drawn
