"""A setting: the steps of post-processing that are applied to an image."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .families import CROP, FAMILIES

CHAIN = 'chain'

# Imitations of what social networks do to an upload: name -> chain for `parse_setting`.
# The numbers are chosen after the orders of magnitude in the literature; no service was
# measured, and services differ by client and change without notice. A score under them
# shows how a model copes with resizing and compression of that strength, and nothing
# about the service itself.
IMITATIONS: dict[str, str] = {
    'facebook_like': 'longest_side_px=2048+jpeg_quality=80',
    'whatsapp_like': 'longest_side_px=1600+jpeg_quality=70',
    'wechat_like': 'longest_side_px=1080+jpeg_quality=65',
    'weibo_like': 'longest_side_px=2048+jpeg_quality=85',
    'messenger_thumbnail_like': 'longest_side_px=640+jpeg_quality=60',
    'shared_twice_like': 'longest_side_px=2048+jpeg_quality=80'
    '+longest_side_px=1600+jpeg_quality=70',
}


class Box(NamedTuple):
    """A rectangle in an image, in pixels."""

    top: int
    left: int
    height: int
    width: int

    def cut(self, pixels: np.ndarray) -> np.ndarray:
        """Crop an image (H, W, 3) or a mask (H, W) to the box."""
        rows = slice(self.top, self.top + self.height)
        columns = slice(self.left, self.left + self.width)
        return np.ascontiguousarray(pixels[rows, columns])


def centre_box(size: tuple[int, int], share: float) -> Box:
    """The centre of an image of a size (H, W), with a share of each side."""
    height, width = (max(1, round(share * side)) for side in size)
    return Box((size[0] - height) // 2, (size[1] - width) // 2, height, width)


@dataclass(frozen=True)
class Step:
    """One family of post-processing at one severity, or a ValueError."""

    family: str
    value: float

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise ValueError(
                f'unknown post-processing {self.family!r}; use one of '
                f'{", ".join(FAMILIES)}'
            )
        object.__setattr__(self, 'value', FAMILIES[self.family].check(self.value))

    def __str__(self) -> str:
        return f'{self.family}={self.value:.12g}'


@dataclass(frozen=True)
class Setting:
    """A named sequence of steps, empty for a clean image.

    The name is such as ``jpeg_quality=70``, ``whatsapp_like``, or ``clean``.
    """

    name: str
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        if any(step.family == CROP for step in self.steps[1:]):
            raise ValueError(
                f'{self.name}: {CROP} must be the first step: it also crops the mask'
            )

    @property
    def family(self) -> str:
        """The curve that the setting is a point of."""
        if not self.steps:
            return self.name
        return self.steps[0].family if self.name == str(self.steps[0]) else CHAIN

    @property
    def chain(self) -> str:
        """The steps as `parse_setting` reads them; the key of caches."""
        return '+'.join(str(step) for step in self.steps)

    def apply(self, image: np.ndarray) -> tuple[np.ndarray, Box | None]:
        """Apply the steps to an image; the same image always gives the same result.

        Noise is seeded by the image's pixels and the steps, not by the order of the
        images or their paths.

        Returns:
            (H', W', 3) uint8 BGR, and the box of a crop, to which the mask has to be
            cropped, or None. Another size without a box shows the same scene.
        """
        digest = hashlib.sha256(str(image.shape).encode())
        digest.update(self.chain.encode())
        digest.update(np.ascontiguousarray(image).data)
        rng = np.random.default_rng(int.from_bytes(digest.digest()[:8], 'big'))
        box = None
        for step in self.steps:
            apply = FAMILIES[step.family].apply
            if apply is None:
                box = centre_box(image.shape[:2], step.value)
                image = box.cut(image)
            else:
                image = apply(image, step.value, rng)
        return image, box


CLEAN = Setting('clean', ())


def parse_setting(text: str) -> Setting:
    """Read a setting: ``family=value``, several joined by ``+``, or an imitation."""
    steps = []
    for step in IMITATIONS.get(text, text).split('+'):
        family, equals, value = step.strip().partition('=')
        try:
            number = float(value)
        except ValueError:
            number = None
        if not equals or number is None:
            raise ValueError(
                f'{text!r} is no post-processing; expected FAMILY=NUMBER, several '
                f'joined by +, or one of {", ".join(IMITATIONS)}'
            )
        steps.append(Step(family, number))
    name = text if text in IMITATIONS else '+'.join(str(step) for step in steps)
    return Setting(name, tuple(steps))


def parse_grid(grid: Mapping[str, Sequence[float | str]]) -> list[Setting]:
    """List the settings of a grid, the clean one first, each once.

    Args:
        grid: Family -> values; ``chain`` -> settings as `parse_setting` reads them.

    Raises:
        ValueError: If a family or a value is invalid, or values are no list.
    """
    settings = [CLEAN]
    for family, values in grid.items():
        if isinstance(values, str) or not isinstance(values, Sequence) or not values:
            raise ValueError(f'{family}: expected a list of values, got {values!r}')
        for value in values:
            text = str(value) if family == CHAIN else f'{family}={value}'
            settings.append(parse_setting(text))
    return list({setting.name: setting for setting in settings}.values())
