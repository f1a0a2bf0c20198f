"""One forgery, or one authentic image with a history, from photographs."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .copy_move import copy_move
from .history import History, history, jpeg
from .recipe import ForgeRecipe
from .removal import remove
from .splice import splice


@dataclass(frozen=True)
class Forgery:
    """A made image.

    Args:
        image: (H, W, 3) uint8 BGR.
        mask: (H, W) uint8, 1 where pixels were forged; all 0 for an authentic image.
        kind: 'splice', 'copy_move', 'removal' or 'authentic'.
        parameters: everything that was drawn, as plain numbers and strings.
    """

    image: np.ndarray
    mask: np.ndarray
    kind: str
    parameters: dict


def forge(
    background: np.ndarray,
    donors: Sequence[np.ndarray],
    recipe: ForgeRecipe,
    rng: np.random.Generator,
    kind: str | None = None,
) -> Forgery:
    """Forge a photograph.

    The photograph and the part set into it get a history each, and the finished image
    may get a final JPEG compression.

    Args:
        background: (H, W, 3) uint8 BGR, the photograph to forge.
        donors: (H', W', 3) uint8 BGR each; a splice takes its part from one of them.
        recipe: the ranges to draw from.
        rng: source of randomness.
        kind: one of the recipe's kinds; drawn unless given.

    Returns:
        The forgery.

    Raises:
        ValueError: `kind` is not one of the recipe's, or a splice has no donor.
    """
    if kind is None:
        kind = str(rng.choice(recipe.kinds))
    if kind not in recipe.kinds:
        raise ValueError(f"kind must be of the recipe's {recipe.kinds}, got {kind!r}")
    if kind == 'splice' and not donors:
        raise ValueError('donors must hold at least one photograph for a splice')
    traces = {'background': recipe.background.draw(rng)}
    image = history(background, rng, traces['background'])
    if kind == 'removal':
        image, mask, drawn = remove(
            image,
            rng,
            area_range=recipe.removal_area_range,
            radius_range=recipe.inpaint_radius_range,
            feather_range=recipe.feather_range,
        )
    else:
        traces['part'] = recipe.part.draw(rng)
        pasted = {
            'area_range': recipe.area_range,
            'scale_range': recipe.scale_range,
            'rotation_range': recipe.rotation_range,
            'feather_range': recipe.feather_range,
        }
        if kind == 'splice':
            donor = donors[int(rng.integers(len(donors)))]
            donor = history(donor, rng, traces['part'])
            image, mask, drawn = splice(
                image,
                donor,
                rng,
                colour_strength_range=recipe.colour_strength_range,
                **pasted,
            )
        else:
            source = history(background, rng, traces['part'])
            image, mask, drawn = copy_move(image, rng, source, **pasted)
    image, quality = _finish(image, recipe, rng)
    return Forgery(image, mask, kind, drawn | _record(traces, quality))


def keep_authentic(
    photograph: np.ndarray, recipe: ForgeRecipe, rng: np.random.Generator
) -> Forgery:
    """An authentic image with one history of the recipe's families all over.

    Without it, a history alone would tell forged images from authentic ones.

    Args:
        photograph: (H, W, 3) uint8 BGR.
        recipe: the ranges to draw from.
        rng: source of randomness.

    Returns:
        The image, with an empty mask and the kind 'authentic'.
    """
    as_part = rng.random() < recipe.authentic_part_share
    trace = (recipe.part if as_part else recipe.background).draw(rng)
    image = history(photograph, rng, trace)
    image, quality = _finish(image, recipe, rng)
    mask = np.zeros(image.shape[:2], np.uint8)
    parameters = _record({'background': trace}, quality)
    return Forgery(image, mask, 'authentic', parameters)


def _finish(
    image: np.ndarray, recipe: ForgeRecipe, rng: np.random.Generator
) -> tuple[np.ndarray, int | None]:
    """Compress the finished image as often as the recipe says; its quality or None."""
    compressed = rng.random() < recipe.final_jpeg_probability
    quality = round(rng.uniform(*recipe.final_jpeg_quality))
    return (jpeg(image, quality), quality) if compressed else (image, None)


def _record(traces: dict[str, History], quality: int | None) -> dict:
    """The histories and the final quality, ready for JSON."""
    return {
        'history': {name: dataclasses.asdict(each) for name, each in traces.items()},
        'final_jpeg_quality': quality,
    }
