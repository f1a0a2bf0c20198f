"""The ranges from which a forgery's parameters are drawn."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mpc_mmseg.datasets.ranges import check_range

from .history import History
from .irregular_mask import check_area_range
from .paste import MARGIN

Range = tuple[float, float]
KINDS = ('splice', 'copy_move', 'removal')
ALL_KINDS = (*KINDS, 'enhancement', 'text', 'ai_patch')


def _check_probabilities(ranges: Any, *others: str) -> None:
    """Raise ValueError where a probability of a dataclass lies outside 0..1."""
    for entry in dataclasses.fields(ranges):
        if entry.name.endswith('_probability') or entry.name in others:
            value = getattr(ranges, entry.name)
            if not isinstance(value, int | float) or not 0 <= value <= 1:
                raise ValueError(f'{entry.name} must lie in 0..1, got {value}')


def happens(probability: float, rng: np.random.Generator) -> bool:
    """Draw whether an event happens; at probability 0 nothing is drawn.

    So an option that is off does not change the images of a recipe.
    """
    return probability > 0 and bool(rng.random() < probability)


@dataclass(frozen=True)
class HistoryRanges:
    """Ranges of a `History`, and the probability (0..1) of each of its steps.

    The ranges have the units of `History`. `poisson_probability` is how often the noise
    grows with the brightness, `full_chroma_probability` how often JPEG keeps the
    resolution of the chroma. A ValueError names a range that is out of bounds.
    """

    blur_sigma: Range = (0.3, 0.8)
    blur_probability: float = 0.0
    noise_sigma: Range = (0.0, 0.0)
    noise_probability: float = 1.0
    poisson_probability: float = 0.5
    scale: Range = (0.7, 0.95)
    resample_probability: float = 0.0
    jpeg_quality: Range = (75, 98)
    jpeg_probability: float = 0.0
    full_chroma_probability: float = 0.0

    def __post_init__(self) -> None:
        check_range('blur_sigma', self.blur_sigma, 0.05, 20)
        check_range('noise_sigma', self.noise_sigma, 0, 100)
        check_range('scale', self.scale, 0.1, 4)
        check_range('jpeg_quality', self.jpeg_quality, 1, 100)
        _check_probabilities(self)

    def draw(self, rng: np.random.Generator) -> History:
        """Draw a history."""
        # always draw all of these, so that a changed probability changes nothing else
        blur, resampled, compressed, poisson = rng.random(4)
        blur_sigma = rng.uniform(*self.blur_sigma)
        noise_sigma = rng.uniform(*self.noise_sigma)
        scale = rng.uniform(*self.scale)
        quality = round(rng.uniform(*self.jpeg_quality))
        # drawn only where they have an effect, so that older recipes keep their images
        if self.noise_probability < 1 and rng.random() >= self.noise_probability:
            noise_sigma = 0.0
        return History(
            blur_sigma=blur_sigma if blur < self.blur_probability else 0.0,
            noise_sigma=noise_sigma,
            noise_kind='poisson' if poisson < self.poisson_probability else 'gaussian',
            scale=scale if resampled < self.resample_probability else 1.0,
            jpeg_quality=quality if compressed < self.jpeg_probability else None,
            full_chroma=happens(self.full_chroma_probability, rng),
        )


@dataclass(frozen=True)
class ForgeRecipe:
    """How forgeries are generated: kinds, sizes, edges and histories.

    Args:
        kinds: of 'splice', 'copy_move', 'removal', 'enhancement', 'text' and
            'ai_patch', a splice whose part comes from AI-generated pictures.
        area_range: share of the image that is forged.
        removal_area_range: the same for removals; large fills look smeared.
        scale_range: enlargement of pasted parts.
        rotation_range: rotation of pasted parts in degrees.
        feather_range: width of the soft edge in pixels.
        colour_strength_range: how far a splice's colours are matched to those of its
            surroundings: 0 not at all, 1 fully.
        inpaint_radius_range: neighbourhood that inpainting reads, in pixels.
        text_height_range: height of letters as a share of the image's.
        places: random positions to compare for a pasted part; the one whose seam shows
            least is used. 0: all positions are compared.
        poisson_probability: how often a pasted part is blended by its gradients.
        healing_probability: how often a removal is filled with another part of the
            photograph rather than inpainted.
        superpixel_probability: how often a region is made of superpixels.
        background: history of the photograph.
        part: history of the pasted part.
        authentic_part_share: how often the single history of an authentic image is
            drawn from `part` instead of `background`.
        final_jpeg_quality: JPEG quality of the finished image.
        final_jpeg_probability: how often the finished image is compressed.
        second_jpeg_quality: quality of a second compression.
        double_jpeg_probability: how often a compressed image is compressed again.
        final_full_chroma_probability: how often these keep the resolution of the
            chroma.

    Raises:
        ValueError: an unknown kind, or a range or probability out of bounds.
    """

    kinds: tuple[str, ...] = KINDS
    area_range: Range = (0.03, 0.3)
    removal_area_range: Range = (0.03, 0.12)
    scale_range: Range = (0.8, 1.25)
    rotation_range: Range = (-15.0, 15.0)
    feather_range: Range = (0.0, 3.0)
    colour_strength_range: Range = (0.3, 0.7)
    inpaint_radius_range: Range = (3.0, 7.0)
    text_height_range: Range = (0.05, 0.12)
    places: int = 8
    poisson_probability: float = 0.0
    healing_probability: float = 0.0
    superpixel_probability: float = 0.0
    background: HistoryRanges = field(default_factory=HistoryRanges)
    part: HistoryRanges = field(default_factory=HistoryRanges)
    authentic_part_share: float = 0.5
    final_jpeg_quality: Range = (85, 98)
    final_jpeg_probability: float = 0.0
    second_jpeg_quality: Range = (65, 95)
    double_jpeg_probability: float = 0.0
    final_full_chroma_probability: float = 0.0

    def __post_init__(self) -> None:
        unknown = [kind for kind in self.kinds if kind not in ALL_KINDS]
        if unknown or not self.kinds:
            raise ValueError(f'kinds must be some of {ALL_KINDS}, got {self.kinds}')
        check_area_range(self.area_range)
        check_area_range(self.removal_area_range, 'removal_area_range')
        check_range('scale_range', self.scale_range, 0.25, 4)
        check_range('rotation_range', self.rotation_range, -180, 180)
        check_range('feather_range', self.feather_range, 0, 2 * MARGIN - 1)
        check_range('colour_strength_range', self.colour_strength_range, 0, 1)
        check_range('inpaint_radius_range', self.inpaint_radius_range, 1, 50)
        if not isinstance(self.places, int) or self.places < 0:
            raise ValueError(f'places must be an integer from 0, got {self.places}')
        check_range('text_height_range', self.text_height_range, 0.01, 0.5)
        check_range('final_jpeg_quality', self.final_jpeg_quality, 1, 100)
        check_range('second_jpeg_quality', self.second_jpeg_quality, 1, 100)
        _check_probabilities(self, 'authentic_part_share')


DEFAULTS = ForgeRecipe()


def override(recipe: ForgeRecipe, values: Mapping[str, Any]) -> ForgeRecipe:
    """A recipe with some values replaced.

    Args:
        recipe: what to start from.
        values: by name, with a dot before the name of a history's range, such as
            `{'area_range': (0.05, 0.1), 'part.noise_sigma': (0, 1)}`.
    """
    for name, value in values.items():
        owner, _, inner = name.rpartition('.')
        target: Any = getattr(recipe, owner, None) if owner else recipe
        known = dataclasses.is_dataclass(target) and inner in {
            entry.name for entry in dataclasses.fields(target)
        }
        if not known or inner in ('background', 'part'):
            raise ValueError(
                f'a recipe has no value {name!r}; use the fields of ForgeRecipe, or '
                'background.NAME and part.NAME with the fields of HistoryRanges'
            )
        if isinstance(getattr(target, inner), tuple):
            value = tuple(value) if isinstance(value, list | tuple) else (value,)
        changed: Any = dataclasses.replace(target, **{inner: value})
        recipe = dataclasses.replace(recipe, **{owner: changed}) if owner else changed
    return recipe
