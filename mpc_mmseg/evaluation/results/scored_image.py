"""One map and its truth, with what several conventions need computed once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mpc_mmseg.evaluation.functional.confusion import Confusion, count_confusion
from mpc_mmseg.evaluation.functional.curves import ScoreHistogram
from mpc_mmseg.probability import binarize


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
                f'the map is {self.prob.shape} but the truth is {self.truth.shape} '
                '(height, width)'
            )

    @cached_property
    def called(self) -> np.ndarray:
        """(H, W) booleans; the pixels called forged at the threshold."""
        return binarize(self.prob, self.threshold)

    @cached_property
    def counts(self) -> Confusion:
        """Its pixels at native size and at the threshold."""
        return count_confusion(self.called, self.truth)

    @cached_property
    def histogram(self) -> ScoreHistogram:
        """Its pixels at native size by probability."""
        return ScoreHistogram.of_map(self.prob, self.truth)
