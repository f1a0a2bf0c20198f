"""One forgery, or one authentic image with a history, from photographs."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mpc_mmseg.datasets.degradation import jpeg

from .copy_move import copy_move
from .enhance import enhance
from .history import History, history
from .recipe import ForgeRecipe
from .region import choose_region
from .removal import remove
from .splice import splice
from .text import write_text


@dataclass(frozen=True)
class Forgery:
    """A synthetic image.

    Args:
        image: (H, W, 3) uint8 BGR.
        mask: (H, W) uint8, 1 where pixels were forged; all 0 for an authentic image.
        kind: one of `ALL_KINDS`, or 'authentic'.
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
    patches: Sequence[np.ndarray] = (),
    objects: Sequence[np.ndarray] = (),
    donor_objects: Sequence[Sequence[np.ndarray]] = (),
) -> Forgery:
    """Forge a photograph.

    The photograph and the part set into it get a history each, and the finished image
    may get a final JPEG compression, or two.

    Args:
        background: (H, W, 3) uint8 BGR, the photograph to forge.
        donors: (H', W', 3) uint8 BGR each; a splice takes its part from one of them.
        recipe: the ranges to draw from.
        rng: source of randomness.
        kind: one of the recipe's kinds; drawn unless given.
        patches: (H', W', 3) uint8 BGR each, pictures made by a network; an AI patch
            takes its part from one of them.
        objects: (H, W) uint8 0/1, known objects of the background, preferred as parts.
        donor_objects: those of each donor.

    Returns:
        The forgery.

    Raises:
        ValueError: `kind` is not one of the recipe's, a splice has no donor or an AI
            patch no picture, or no part fits.
    """
    if kind is None:
        kind = str(rng.choice(recipe.kinds))
    if kind not in recipe.kinds:
        raise ValueError(f"kind must be of the recipe's {recipe.kinds}, got {kind!r}")
    if kind == 'splice' and not donors:
        raise ValueError('donors must hold at least one photograph for a splice')
    if kind == 'ai_patch' and not patches:
        raise ValueError('patches must hold at least one picture for an AI patch')
    traces = {'background': recipe.background.draw(rng)}
    image = history(background, rng, traces['background'])
    region = choose_region(objects, recipe.superpixel_probability)
    if kind == 'removal':
        image, mask, drawn = remove(
            image,
            rng,
            area_range=recipe.removal_area_range,
            radius_range=recipe.inpaint_radius_range,
            feather_range=recipe.feather_range,
            region=region,
            healing_probability=recipe.healing_probability,
        )
    elif kind == 'enhancement':
        image, mask, drawn = enhance(
            image, rng, recipe.area_range, recipe.feather_range, region
        )
    elif kind == 'text':
        image, mask, drawn = write_text(image, rng, recipe.text_height_range)
    else:
        traces['part'] = recipe.part.draw(rng)
        pasted: dict[str, Any] = {
            'area_range': recipe.area_range,
            'scale_range': recipe.scale_range,
            'rotation_range': recipe.rotation_range,
            'feather_range': recipe.feather_range,
            'poisson_probability': recipe.poisson_probability,
            'places': recipe.places,
        }
        if kind == 'copy_move':
            source = history(background, rng, traces['part'])
            image, mask, drawn = copy_move(image, rng, source, region=region, **pasted)
        else:
            pictures = donors if kind == 'splice' else patches
            index = int(rng.integers(len(pictures)))
            known = donor_objects[index : index + 1] if kind == 'splice' else ()
            donor = history(pictures[index], rng, traces['part'])
            image, mask, drawn = splice(
                image,
                donor,
                rng,
                colour_strength_range=recipe.colour_strength_range,
                region=choose_region(
                    known[0] if known else (), recipe.superpixel_probability
                ),
                **pasted,
            )
    image, qualities = _finish(image, recipe, rng)
    return Forgery(image, mask, kind, drawn | _record(traces, qualities))


def keep_authentic(
    photograph: np.ndarray, recipe: ForgeRecipe, rng: np.random.Generator
) -> Forgery:
    """An authentic image with one history of the recipe's families all over.

    Without it, a history alone would separate forged images from authentic ones.

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
    image, qualities = _finish(image, recipe, rng)
    mask = np.zeros(image.shape[:2], np.uint8)
    parameters = _record({'background': trace}, qualities)
    return Forgery(image, mask, 'authentic', parameters)


def _finish(
    image: np.ndarray, recipe: ForgeRecipe, rng: np.random.Generator
) -> tuple[np.ndarray, list[int]]:
    """The finished image, compressed as often as the recipe draws; the qualities."""
    compressed = rng.random() < recipe.final_jpeg_probability
    qualities = [round(rng.uniform(*recipe.final_jpeg_quality))]
    if not compressed:
        return image, []
    # nothing is drawn where it is off, so that a recipe's images stay the same
    again = recipe.double_jpeg_probability
    if again and rng.random() < again:
        qualities.append(round(rng.uniform(*recipe.second_jpeg_quality)))
    chroma = recipe.final_full_chroma_probability
    full_chroma = chroma > 0 and rng.random() < chroma
    for quality in qualities:
        image = jpeg(image, quality, full_chroma)
    return image, qualities


def _record(traces: dict[str, History], qualities: Sequence[int]) -> dict:
    """The histories and the final qualities, ready for JSON."""
    record: dict = {
        'history': {name: dataclasses.asdict(each) for name, each in traces.items()},
        'final_jpeg_quality': qualities[0] if qualities else None,
    }
    if len(qualities) > 1:
        record['second_jpeg_quality'] = qualities[1]
    return record
