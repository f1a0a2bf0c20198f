"""The base class of scoring conventions, its input, and the registry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from mmengine.registry import Registry

from mpc_mmseg.evaluation.functional.confusion import Confusion, count_confusion
from mpc_mmseg.evaluation.functional.curves import ScoreHistogram
from mpc_mmseg.evaluation.functional.resampling import weighted_mean
from mpc_mmseg.probability import binarize, binarize_mpc, resize_probability

# Not one of mmseg's registries, where the short names of the field, such as 'focal',
# would be ambiguous.
CONVENTIONS = Registry('convention')


@dataclass(frozen=True, eq=False)
class ScoredImage:
    """The input of a convention.

    Attributes:
        prob: (H, W) float32 probabilities at the image's native size.
        gt: (H, W) integers; 1 forged, 0 authentic, 255 ignored.
        forged: Whether the image is forged.
        frame: Size (h, w) at which the network saw it; (H, W) if unknown.
        threshold: Probability that a forged pixel exceeds.

    Raises:
        ValueError: If the map is not of the ground truth's size.
    """

    prob: np.ndarray
    gt: np.ndarray
    forged: bool
    frame: tuple[int, int]
    threshold: float = 0.5

    def __post_init__(self) -> None:
        if self.prob.shape != self.gt.shape or self.prob.ndim != 2:
            raise ValueError(
                f'the map is {self.prob.shape} but the ground truth is '
                f'{self.gt.shape} (height, width)'
            )

    @cached_property
    def predicted(self) -> np.ndarray:
        """(H, W) booleans; the pixels predicted forged at the threshold."""
        return binarize(self.prob, self.threshold)

    @cached_property
    def counts(self) -> Confusion:
        """Its pixels at native size and at the threshold."""
        return count_confusion(self.predicted, self.gt)

    @cached_property
    def mpc_counts(self) -> Confusion:
        """The same by the MPC convention, whose 0.5 is 127 of 255."""
        return count_confusion(binarize_mpc(self.prob, self.threshold), self.gt)

    @cached_property
    def histogram(self) -> ScoreHistogram:
        """Its pixels at native size by probability."""
        return ScoreHistogram.of_map(self.prob, self.gt)

    def counts_at(self, size: tuple[int, int]) -> Confusion:
        """Its pixels at the threshold, map and ground truth resized to (h, w)."""
        if self.gt.shape == tuple(size):
            return self.counts
        gt = cv2.resize(
            self.gt.astype(np.uint8, copy=False),
            size[::-1],
            interpolation=cv2.INTER_NEAREST,
        )
        prob = resize_probability(self.prob, size)
        return count_confusion(binarize(prob, self.threshold), gt)


class Convention:
    """Scores of an image from its map, and of a data set from its images' scores.

    A new one is a subclass in its own file, registered under its name and imported in
    this package's ``__init__``.

    Attributes:
        name: The registered name, prefix of its scores.
        explanation: How it differs from the other conventions, and why it matters.
    """

    name: str
    explanation: str

    def score_image(self, image: ScoredImage) -> dict[str, float]:
        """Scores one image; undefined scores are absent."""
        raise NotImplementedError

    def score_bounds(self, image: ScoredImage) -> dict[str, tuple[float, float]]:
        """Bounds of the scores that are not exact."""
        return {}

    def score_dataset(
        self, columns: Mapping[str, np.ndarray], weights: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Scores a data set: by default the means of the images' scores.

        Args:
            columns: Score name -> (N,) floats, NaN for images without that score.
            weights: (B, N) how often each image counts in each of B resamples.

        Returns:
            Score name -> (B,) floats, NaN if undefined.
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
        # The MPC convention first: tables show the scores in this order.
        wanted = sorted(CONVENTIONS.module_dict, key=lambda n: (n != 'mpc', n))
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
        # Not CONVENTIONS.build, which searches mmseg's scope first and warns.
        convention = CONVENTIONS.module_dict[name](**options)
        convention.name = name
        built.append(convention)
    return built
