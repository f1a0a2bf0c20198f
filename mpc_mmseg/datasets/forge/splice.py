"""Splicing: a part of one photograph set into another."""

import numpy as np

from mpc_mmseg.datasets.grey import is_grey, to_grey

from .best_place import find_best_place
from .irregular_mask import check_area_range
from .object_mask import object_mask
from .paste import cut_out, find_place, paste
from .region import Region

ATTEMPTS = 40
CANDIDATES = 3  # parts to compare: the one whose seam shows least is pasted


def splice(
    background: np.ndarray,
    donor: np.ndarray,
    rng: np.random.Generator,
    area_range: tuple[float, float] = (0.03, 0.3),
    scale_range: tuple[float, float] = (0.8, 1.25),
    rotation_range: tuple[float, float] = (-15.0, 15.0),
    feather_range: tuple[float, float] = (0.0, 3.0),
    colour_strength_range: tuple[float, float] = (0.3, 0.7),
    poisson_probability: float = 0.0,
    region: Region = object_mask,
    places: int = 8,
) -> tuple[np.ndarray, np.ndarray, dict]:
    """Paste an irregular part of a donor photograph into another one.

    The part follows the donor's edges, goes to the one of a few random positions
    where its seam shows least, gets a soft edge, and its colours move towards the
    surroundings'. A donor for a grey background is turned grey.

    Args:
        background: (H, W, 3) uint8 BGR.
        donor: (H', W', 3) uint8 BGR.
        rng: source of randomness.
        area_range: share of the background that the part covers.
        scale_range: enlargement of the part.
        rotation_range: rotation of the part in degrees.
        feather_range: width of the soft edge in pixels.
        colour_strength_range: 0 keeps the part's colours, 1 the surroundings'.
        poisson_probability: how often the part's gradients are set in.
        places: random positions to compare for each part; 0: all there are.
        region: chooses the part of the donor.

    Returns:
        The forged image (H, W, 3) uint8, its mask (H, W) uint8 with 1 where pixels came
        from the donor, and the drawn parameters.

    Raises:
        ValueError: `area_range` is invalid, or no such part fits into the background.
    """
    check_area_range(area_range)
    grey = is_grey(background)
    if grey:
        donor = to_grey(donor)
    frame = background.shape[0] * background.shape[1]
    donor_share = frame / (donor.shape[0] * donor.shape[1])
    candidates: list[tuple] = []
    for _ in range(ATTEMPTS):
        scale = rng.uniform(*scale_range)
        angle = rng.uniform(*rotation_range)
        low, high = (
            min(bound * donor_share / scale**2, limit)
            for bound, limit in zip(area_range, (0.5, 0.6))
        )
        part = cut_out(donor, region(donor, (low, high), rng), scale, angle)
        if area_range[0] <= part.mask.sum() / frame <= area_range[1]:
            found = (
                find_place(part, background, rng, places)
                if places
                else find_best_place(part, background)
            )
            if found is not None:
                place, cost = found
                candidates.append((cost, part, place, scale, angle))
        if len(candidates) == CANDIDATES:
            break
    if not candidates:
        raise ValueError(
            f'no part with area_range {area_range} of a donor of {donor.shape[:2]} '
            f'fits into a background of {background.shape[:2]}; lower area_range or '
            'scale_range'
        )
    _, part, place, scale, angle = min(candidates, key=lambda each: each[0])
    feather = rng.uniform(*feather_range)
    strength = rng.uniform(*colour_strength_range)
    # nothing is drawn where it is off, so that a recipe's images stay the same
    poisson = poisson_probability > 0 and rng.random() < poisson_probability
    image, mask = paste(background, part, place, feather, strength, poisson)
    if grey:  # rounding in Lab may tint a grey part
        image = to_grey(image)
    drawn = {
        'scale': scale,
        'rotation': angle,
        'place': list(place),
        'feather': feather,
        'colour_strength': strength,
        **({'poisson': True} if poisson else {}),
    }
    return image, mask, drawn
