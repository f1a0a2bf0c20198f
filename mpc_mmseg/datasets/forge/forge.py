"""One forgery, or one authentic image with a history, from photographs."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mpc_mmseg.datasets.degradation import jpeg

from .enhance import enhance
from .history import History, history
from .pasted_part import copy_move, splice
from .recipe import ForgeRecipe, happens
from .region import choose_region
from .removal import remove
from .text import write_text


@dataclass(frozen=True)
class Forgery:
    """A synthetic image.

    Args:
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
    donor: np.ndarray | None,
    recipe: ForgeRecipe,
    rng: np.random.Generator,
    kind: str,
    objects: Sequence[np.ndarray] = (),
    donor_objects: Sequence[np.ndarray] = (),
) -> Forgery:
    """Forge a photograph.

    The photograph and the pasted part get a history each, and the result may be
    compressed once or twice.

    Args:
        background: (H, W, 3) uint8 BGR, the photograph to forge.
        donor: (H', W', 3) uint8 BGR: the photograph that a splice takes its part from,
            or the AI-generated picture for an AI patch; not used by other kinds.
        kind: one of `ALL_KINDS`.
        objects: (H, W) uint8 0/1, annotated objects of the background, preferred as
            regions.
        donor_objects: those of the donor.

    Raises:
        ValueError: no part fits.
    """
    traces = {'background': recipe.background.draw(rng)}
    image = history(background, rng, traces['background'])
    region = choose_region(objects, recipe.superpixel_probability)
    if kind == 'removal':
        image, mask, drawn = remove(image, rng, recipe, region)
    elif kind == 'enhancement':
        image, mask, drawn = enhance(image, rng, recipe, region)
    elif kind == 'text':
        image, mask, drawn = write_text(image, rng, recipe)
    else:
        traces['part'] = recipe.part.draw(rng)
        if kind == 'copy_move':
            source = history(background, rng, traces['part'])
            image, mask, drawn = copy_move(image, rng, source, recipe, region)
        else:
            assert donor is not None
            region = choose_region(donor_objects, recipe.superpixel_probability)
            donor = history(donor, rng, traces['part'])
            image, mask, drawn = splice(image, donor, rng, recipe, region)
    image, qualities = _finish(image, recipe, rng)
    return Forgery(image, mask, kind, drawn | _record(traces, qualities))


def keep_authentic(
    photograph: np.ndarray, recipe: ForgeRecipe, rng: np.random.Generator
) -> Forgery:
    """An authentic image with a single history, drawn from a recipe.

    Without it, a history alone would separate forged images from authentic ones.
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
    """Compress an image as often as the recipe draws; also give the qualities."""
    compressed = rng.random() < recipe.final_jpeg_probability
    qualities = [round(rng.uniform(*recipe.final_jpeg_quality))]
    if not compressed:
        return image, []
    if happens(recipe.double_jpeg_probability, rng):
        qualities.append(round(rng.uniform(*recipe.second_jpeg_quality)))
    full_chroma = happens(recipe.final_full_chroma_probability, rng)
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
