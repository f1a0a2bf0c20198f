"""Copy-move: a part of a photograph repeated elsewhere in the same photograph."""

import numpy as np

from .paste import paste
from .position import select_part
from .recipe import DEFAULTS, ForgeRecipe, happens
from .region import Region, object_mask


def copy_move(
    image: np.ndarray,
    rng: np.random.Generator,
    source: np.ndarray | None = None,
    recipe: ForgeRecipe = DEFAULTS,
    region: Region = object_mask,
) -> tuple[np.ndarray, np.ndarray, dict]:
    """Repeat an irregular part of an image elsewhere, slightly scaled and rotated.

    Only the copy counts as forged; the original part stays authentic.

    Args:
        image: (H, W, 3) uint8 BGR.
        rng: source of randomness.
        source: (H, W, 3) uint8 BGR, what is copied from: the image itself unless given,
            or another version of it with a history of its own.
        recipe: the ranges to draw from.
        region: chooses the part that is copied.

    Returns:
        The forged image (H, W, 3) uint8, its mask (H, W) uint8 with 1 on the copy, and
        the drawn parameters.

    Raises:
        ValueError: `source` has another size, or there is no room for such a copy
            beside its original.
    """
    source = image if source is None else source
    if source.shape != image.shape:
        raise ValueError(
            f'source must have the shape of the image, {image.shape}, '
            f'got {source.shape}'
        )
    found = select_part(source, image, rng, recipe, region, same_scene=True)
    if found is None:
        raise ValueError(
            f'no room for a copy with area_range {recipe.area_range} beside its '
            f'original in an image of {image.shape[:2]}; lower area_range or '
            'scale_range'
        )
    part, position, drawn = found
    feather = rng.uniform(*recipe.feather_range)
    poisson = happens(recipe.poisson_probability, rng)
    forged, mask = paste(image, part, position, feather, poisson=poisson)
    drawn |= {'feather': feather} | ({'poisson': True} if poisson else {})
    return forged, mask, drawn
