"""A setting: the steps of post-processing that an image goes through."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .crop import Box, centre_box
from .families import CROP, FAMILIES
from .imitations import IMITATIONS

CHAIN = 'chain'


@dataclass(frozen=True)
class Step:
    """One post-processing at one severity.

    Raises:
        ValueError: If there is no such family, or the value is out of its bounds.
    """

    family: str
    value: float

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise ValueError(
                f'unknown post-processing {self.family!r}; there are '
                f'{", ".join(FAMILIES)}'
            )
        object.__setattr__(self, 'value', FAMILIES[self.family].check(self.value))

    def __str__(self) -> str:
        return f'{self.family}={self.value:.12g}'


@dataclass(frozen=True)
class Setting:
    """Steps one after another, under a name.

    Attributes:
        name: Such as ``jpeg_quality=70``, ``whatsapp_like``, or ``clean``.
        steps: None for a clean image.
    """

    name: str
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        if any(step.family == CROP for step in self.steps[1:]):
            raise ValueError(
                f'{self.name}: {CROP} must come first, while image and mask are alike'
            )

    @property
    def family(self) -> str:
        """Names the curve that the setting is a point of."""
        if not self.steps:
            return self.name
        return self.steps[0].family if self.name == str(self.steps[0]) else CHAIN

    @property
    def chain(self) -> str:
        """Gives the steps as `parse_setting` reads them; what a cache goes by."""
        return '+'.join(str(step) for step in self.steps)

    def apply(self, image: np.ndarray) -> tuple[np.ndarray, Box | None]:
        """Put an image through the steps; the same image always gives the same.

        Noise is seeded by the image's pixels and the steps: neither the order of
        the images nor where they lie matters.

        Args:
            image: (H, W, 3) uint8 BGR at its native size.

        Returns:
            (H', W', 3) uint8 BGR, and the part of the image that a crop left, or
            None. A box means: crop the mask to it. Another size without a box means:
            the same scene, so that a map of it belongs on the native pixels.
        """
        rng = np.random.default_rng(_seed(image, self.chain))
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
    """Read a setting: ``family=value``, several joined by ``+``, or an imitation.

    Raises:
        ValueError: If it is none of these. Quotes the text.
    """
    steps = []
    for part in IMITATIONS.get(text, text).split('+'):
        family, equals, value = part.strip().partition('=')
        try:
            number = float(value)
        except ValueError:
            number = None
        if not equals or number is None:
            raise ValueError(
                f'{text!r} is no post-processing: expected FAMILY=NUMBER, several '
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
        ValueError: If a family or a value is wrong, or values are no list.
    """
    settings = [CLEAN]
    for family, values in grid.items():
        if isinstance(values, str) or not isinstance(values, Sequence) or not values:
            raise ValueError(f'{family}: expected a list of values, got {values!r}')
        for value in values:
            text = str(value) if family == CHAIN else f'{family}={value}'
            settings.append(parse_setting(text))
    return list({setting.name: setting for setting in settings}.values())


def _seed(image: np.ndarray, chain: str) -> int:
    digest = hashlib.sha256(str(image.shape).encode())
    digest.update(chain.encode())
    digest.update(np.ascontiguousarray(image).data)
    return int.from_bytes(digest.digest()[:8], 'big')
