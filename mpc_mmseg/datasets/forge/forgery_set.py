"""A set of synthetic images: each is determined by the settings and its index."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mpc_mmseg.datasets.ranges import check_range

from .forge import Forgery, forge, keep_authentic
from .photographs import Photograph, random_crop
from .recipe import ForgeRecipe

# Increase it when the same settings give other pixels: old folders are then refused.
MAKER_VERSION = 1
FORGED, AUTHENTIC, FORGED_ORDER, AUTHENTIC_ORDER = range(4)  # streams of randomness


@dataclass(frozen=True)
class ForgerySet:
    """The specification of a set.

    Args:
        count: number of forged images.
        authentic: number of authentic images.
        size: (height, width) of every image in pixels.
        seed: not negative.
        downscale: range of the scaling of a photograph before it is cropped.
        image_format: 'png' (lossless) or 'jpg' (quality 95).
    """

    recipe: ForgeRecipe
    count: int
    authentic: int = 0
    size: tuple[int, int] = (256, 256)
    seed: int = 0
    downscale: tuple[float, float] = (0.5, 1.0)
    image_format: str = 'png'

    def __post_init__(self) -> None:
        if self.count < 0 or self.authentic < 0 or not self.count + self.authentic:
            raise ValueError(
                'count and authentic must not be negative nor both 0, got '
                f'{self.count} and {self.authentic}'
            )
        if len(self.size) != 2 or min(self.size) < 64:
            raise ValueError(
                f'size must be two numbers of at least 64, got {self.size}'
            )
        if self.seed < 0:
            raise ValueError(f'seed must not be negative, got {self.seed}')
        check_range('downscale', self.downscale, 0.01, 1)
        if self.image_format not in ('png', 'jpg'):
            raise ValueError(
                f"image_format must be 'png' or 'jpg', got {self.image_format!r}"
            )

    def settings(
        self, photographs: Sequence[Photograph], patches: Sequence[Photograph] = ()
    ) -> dict:
        """Everything that determines the images, ready for JSON."""
        return {
            'maker_version': MAKER_VERSION,
            **dataclasses.asdict(self),
            'photographs': {each.name: each.digest for each in photographs},
            'patches': {each.name: each.digest for each in patches},
        }


def check_enough(
    wanted: ForgerySet,
    photographs: Sequence[Photograph],
    patches: Sequence[Photograph] = (),
) -> None:
    """Raise ValueError where a kind has too few photographs or patches."""
    if 'ai_patch' in wanted.recipe.kinds and wanted.count and not patches:
        raise ValueError(
            'an AI patch needs AI-generated pictures; give a folder of patches or '
            'leave ai_patch out of the kinds'
        )
    if 'splice' in wanted.recipe.kinds and wanted.count and len(photographs) < 2:
        raise ValueError(
            f'a splice needs two photographs, and there is only {photographs[0].path}; '
            'add photographs or leave splice out of the kinds'
        )


def make_image(
    wanted: ForgerySet,
    photographs: Sequence[Photograph],
    authentic: bool,
    index: int,
    read: Callable[[Photograph], np.ndarray],
    patches: Sequence[Photograph] = (),
) -> tuple[Forgery, dict]:
    """Generate one image of a set; it depends on the arguments alone.

    Photographs and kinds alternate, so that a small set is also balanced.

    Args:
        wanted: the set.
        photographs: all photographs of the set.
        authentic: whether the image is one of the authentic ones.
        index: among the forged, or the authentic, images.
        read: reads a photograph.
        patches: AI-generated pictures, for the kind 'ai_patch'.

    Returns:
        The image, and a record of how it was generated, ready for JSON.
    """
    recipe, number = wanted.recipe, len(photographs)
    lap, position = divmod(index, number)
    order = AUTHENTIC_ORDER if authentic else FORGED_ORDER
    shuffled = np.random.default_rng([wanted.seed, order, lap]).permutation(number)
    background = photographs[int(shuffled[position])]
    seed = [wanted.seed, AUTHENTIC if authentic else FORGED, index]
    rng = np.random.default_rng(seed)

    crops, sources = {}, {'background': background.name}
    scene, crops['background'] = random_crop(
        read(background), wanted.size, wanted.downscale, rng
    )
    if authentic:
        forgery = keep_authentic(scene, recipe, rng)
    else:
        kind, donor = recipe.kinds[(index + lap) % len(recipe.kinds)], None
        if kind in ('splice', 'ai_patch'):
            others = photographs if kind == 'splice' else patches
            chosen = _choose_donor(background, others, rng)
            sources['donor'] = chosen.name
            donor, crops['donor'] = random_crop(
                read(chosen), wanted.size, wanted.downscale, rng
            )
        forgery = forge(scene, donor, recipe, rng, kind)
    record = {
        'kind': forgery.kind,
        'index': index,
        'seed': seed,
        'sources': sources,
        'crops': crops,
        'forged_share': float(forgery.mask.mean()),
        'parameters': forgery.parameters,
    }
    return forgery, record


def _choose_donor(
    background: Photograph,
    photographs: Sequence[Photograph],
    rng: np.random.Generator,
) -> Photograph:
    """Another photograph; for a coloured background a coloured one, where possible."""
    others = [each for each in photographs if each is not background]
    fitting = [each for each in others if background.grey or not each.grey] or others
    return fitting[int(rng.integers(len(fitting)))]
