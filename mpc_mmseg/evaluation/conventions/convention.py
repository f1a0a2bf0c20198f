"""What a convention is, what it scores, and the registry of their names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from mmengine.registry import Registry

from mpc_mmseg.evaluation.functional.confusion import Confusion, count_confusion
from mpc_mmseg.evaluation.functional.curves import ScoreHistogram
from mpc_mmseg.evaluation.functional.resampling import weighted_mean
from mpc_mmseg.probability import binarize

# Not one of mmseg's registries: a config asks for these by the short names by which
# the field knows them, and 'focal' or 'native' would be ambiguous there.
CONVENTIONS = Registry('convention')


@dataclass(frozen=True, eq=False)
class ScoredImage:
    """What a convention is asked to score.

    Attributes:
        prob: (H, W) float32 probabilities at the image's native size.
        truth: (H, W) integers; 1 forged, 0 authentic, 255 ignored.
        forged: Whether the image as a whole is a forged one.
        frame: Size (h, w) at which the network saw it; (H, W) if unknown.
        threshold: Probability that a forged pixel exceeds.

    Raises:
        ValueError: If the map is not of the truth's size.
    """

    prob: np.ndarray
    truth: np.ndarray
    forged: bool
    frame: tuple[int, int]
    threshold: float = 0.5

    def __post_init__(self) -> None:
        if self.prob.shape != self.truth.shape or self.prob.ndim != 2:
            raise ValueError(
                f'the map is {self.prob.shape} but the ground truth is '
                f'{self.truth.shape} (height, width)'
            )

    @cached_property
    def called(self) -> np.ndarray:
        """(H, W) booleans; the pixels predicted forged at the threshold."""
        return binarize(self.prob, self.threshold)

    @cached_property
    def counts(self) -> Confusion:
        """Its pixels at native size and at the threshold."""
        return count_confusion(self.called, self.truth)

    @cached_property
    def histogram(self) -> ScoreHistogram:
        """Its pixels at native size by probability."""
        return ScoreHistogram.of_map(self.prob, self.truth)


class Convention:
    """A way to score: from a map to numbers of an image, from these to a data set's.

    A new one is a subclass in a file of its own, registered under its name and
    imported in this package's ``__init__``.

    Attributes:
        name: The registered name, which precedes the names of its scores.
        explanation: What differs from the other conventions, and why it matters.
    """

    name: str
    explanation: str

    def score_image(self, image: ScoredImage) -> dict[str, float]:
        """Scores one image; a score that is undefined, or not taken, is absent."""
        raise NotImplementedError

    def score_bounds(self, image: ScoredImage) -> dict[str, tuple[float, float]]:
        """Gives between which values those scores lie that are not exact, if any."""
        return {}

    def score_dataset(
        self, columns: Mapping[str, np.ndarray], weights: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Scores a data set: by default the means of the images' scores.

        Args:
            columns: Score name -> (N,) floats, NaN for images without that score.
            weights: (B, N) how often each image counts in each of B resamples.

        Returns:
            Score name -> (B,) floats, NaN where it is undefined.
        """
        return {
            name: weighted_mean(values, weights) for name, values in columns.items()
        }


def build_conventions(wanted: str | Sequence[str | dict[str, Any]]) -> list[Convention]:
    """Builds conventions from names or configs.

    Args:
        wanted: 'all', or names, or configs such as ``dict(type='focal', size=512)``.

    Raises:
        ValueError: If a name is unknown or given twice.
    """
    if wanted == 'all':
        wanted = sorted(CONVENTIONS.module_dict)
    if isinstance(wanted, str):
        wanted = [wanted]
    built: list[Convention] = []
    for item in wanted:
        options = {'type': item} if isinstance(item, str) else dict(item)
        name = options.pop('type', None)
        if name not in CONVENTIONS.module_dict:
            raise ValueError(
                f'conventions must be of {sorted(CONVENTIONS.module_dict)}, got '
                f'{name!r}'
            )
        if any(other.name == name for other in built):
            raise ValueError(f'conventions names {name!r} twice')
        # Not CONVENTIONS.build, which looks in mmseg's scope first and warns.
        convention = CONVENTIONS.module_dict[name](**options)
        convention.name = name
        built.append(convention)
    return built
