"""Parts pasted into a photograph: from another one (splice) or the same (copy-move)."""

import numpy as np

from mpc_mmseg.datasets.grey import is_grey, to_grey

from .paste import paste
from .position import select_part
from .recipe import DEFAULTS, ForgeRecipe, happens
from .region import Region, object_mask


def splice(
    background: np.ndarray,
    donor: np.ndarray,
    rng: np.random.Generator,
    recipe: ForgeRecipe = DEFAULTS,
    region: Region = object_mask,
) -> tuple[np.ndarray, np.ndarray, dict]:
    """Paste an irregular part, chosen by `region`, of a photograph into another one.

    The part follows the donor's edges, is pasted where its seam shows least among a few
    random positions, gets a soft edge, and its colours are moved towards those of its
    surroundings. A donor for a grey background is converted to grey.

    Returns:
        The forged image, its mask of the pixels from the donor, and what was drawn.

    Raises:
        ValueError: no such part fits into the background.
    """
    grey = is_grey(background)
    if grey:
        donor = to_grey(donor)
    part, position, drawn = select_part(donor, background, rng, recipe, region)
    drawn['feather'] = rng.uniform(*recipe.feather_range)
    drawn['colour_strength'] = rng.uniform(*recipe.colour_strength_range)
    if happens(recipe.poisson_probability, rng):
        drawn['poisson'] = True
    image, mask = paste(background, part, position, drawn)
    if grey:  # rounding in Lab may tint a grey part
        image = to_grey(image)
    return image, mask, drawn


def copy_move(
    image: np.ndarray,
    rng: np.random.Generator,
    source: np.ndarray | None = None,
    recipe: ForgeRecipe = DEFAULTS,
    region: Region = object_mask,
) -> tuple[np.ndarray, np.ndarray, dict]:
    """Repeat an irregular part of an image elsewhere, slightly scaled and rotated.

    Only the copy counts as forged; the original part stays authentic. Arguments and
    results are those of `splice`, where the donor is ``source``: the image itself, or
    a version of it of the same size with a history of its own.
    """
    source = image if source is None else source
    part, position, drawn = select_part(
        source, image, rng, recipe, region, same_scene=True
    )
    drawn['feather'] = rng.uniform(*recipe.feather_range)
    if happens(recipe.poisson_probability, rng):
        drawn['poisson'] = True
    return *paste(image, part, position, drawn), drawn
