"""From a probability map to a calibrated verdict on the whole image."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from scipy.special import expit

from .functional.calibration import (
    expected_calibration_error,
    fit_isotonic,
    fit_logistic,
    fit_temperature,
    logits_of,
    verdict_thresholds,
)

#: Where a checkpoint's meta holds it.
META_KEY = 'image_calibration'
IMAGE_SCORES = ('max', 'top_0.1%', 'top_1%', 'logistic')
METHODS = ('temperature', 'isotonic')
_FEATURES = ('max', 'top_0.1%', 'top_1%', 'mean')


@dataclass(frozen=True)
class ImageCalibration:
    """What was learned from a validation list about scores of whole images.

    Attributes:
        image_score: Feature of the map (`map_features`) that is the score, or
            'logistic' for a regression on the logits of all of them.
        weights: Of the regression.
        bias: Of the regression.
        method: 'temperature' or 'isotonic'.
        temperature: Of the former.
        levels: Of the latter: score -> probability, two lists.
        authentic_up_to: Score up to which an image is called authentic.
        forged_above: Score above which it is called forged.
        false_alarm_rate: For which these were chosen.
        ece_before: Expected calibration error of the score as it is.
        ece_after: The same, calibrated; on the images that it was fitted on.
        n_forged: Images that it was fitted on.
        n_authentic: Likewise.
    """

    image_score: str
    method: str
    authentic_up_to: float
    forged_above: float
    false_alarm_rate: float
    ece_before: float
    ece_after: float
    n_forged: int
    n_authentic: int
    weights: list[float] = field(default_factory=list)
    bias: float = 0.0
    temperature: float = 1.0
    levels: list[list[float]] = field(default_factory=list)

    def score(self, features: Mapping[str, float]) -> float:
        """Gives an image's score, not yet calibrated, from `map_features`."""
        if self.image_score != 'logistic':
            return features[self.image_score]
        return float(_regression(_columns([features]), self.weights, self.bias)[0])

    def probability(self, score: float) -> float:
        """Gives the calibrated probability that the image was forged."""
        return float(self._calibrate(np.array([score]))[0])

    def verdict(self, score: float) -> str:
        """Says 'forged', 'authentic' or 'inconclusive'."""
        if score > self.forged_above:
            return 'forged'
        return 'authentic' if score <= self.authentic_up_to else 'inconclusive'

    def as_meta(self) -> dict[str, Any]:
        """Gives plain numbers, texts and lists, as a checkpoint may hold them."""
        return asdict(self)

    @classmethod
    def from_meta(cls, meta: Mapping[str, Any]) -> 'ImageCalibration | None':
        """Reads it from a checkpoint's meta; None if it has none.

        Raises:
            ValueError: If the entry is damaged.
        """
        if META_KEY not in meta:
            return None
        try:
            return cls(**meta[META_KEY])
        except TypeError as error:
            raise ValueError(
                f"the checkpoint's {META_KEY} cannot be read ({error}); run "
                'tools/calibrate.py again'
            ) from error

    def _calibrate(self, scores: np.ndarray) -> np.ndarray:
        if self.method == 'temperature':
            return expit(logits_of(scores) / self.temperature)
        return np.interp(scores, self.levels[0], self.levels[1])


def fit_calibration(
    features: Sequence[Mapping[str, float]],
    forged: Sequence[bool],
    image_score: str = 'logistic',
    method: str = 'temperature',
    false_alarm_rate: float = 0.05,
) -> ImageCalibration:
    """Fits score, calibration and verdict on validation images.

    Args:
        features: `map_features` of each image.
        forged: Whether it is a forged one.
        image_score: One of `IMAGE_SCORES`.
        method: One of `METHODS`.
        false_alarm_rate: Share of authentic images that may be called forged, and of
            forged ones that may be called authentic.

    Raises:
        ValueError: If an argument is wrong, or there are not forged and authentic
            images enough for that rate to be told from none.
    """
    if image_score not in IMAGE_SCORES:
        raise ValueError(f'image_score must be of {IMAGE_SCORES}, got {image_score!r}')
    if method not in METHODS:
        raise ValueError(f'method must be of {METHODS}, got {method!r}')
    if not 0 < false_alarm_rate < 1:
        raise ValueError(f'false_alarm_rate must be in (0, 1), got {false_alarm_rate}')
    labels = np.asarray(forged, bool)
    n_forged, n_authentic = int(labels.sum()), int((~labels).sum())
    # The small term: 1 / 0.05 must not ask for 21 images.
    fewest = int(np.ceil(1 / false_alarm_rate - 1e-9))
    if min(n_forged, n_authentic) < fewest:
        raise ValueError(
            f'a false_alarm_rate of {false_alarm_rate} needs {fewest} forged and '
            f'{fewest} authentic images, got {n_forged} and {n_authentic}'
        )
    fitted: dict[str, Any] = {}
    if image_score == 'logistic':
        columns = _columns(features)
        weights, bias = fit_logistic(columns, labels)
        fitted |= {'weights': weights, 'bias': bias}
        # One by one, as `score` does it: a batch rounds differently, and thresholds
        # are scores of images.
        each = [_regression(row[None], weights, bias) for row in columns]
        scores = np.concatenate(each)
    else:
        scores = np.array([f[image_score] for f in features])
    if method == 'temperature':
        fitted['temperature'] = fit_temperature(scores, labels)
        calibrated = expit(logits_of(scores) / fitted['temperature'])
    else:
        fitted['levels'] = list(fit_isotonic(scores, labels))
        calibrated = np.interp(scores, fitted['levels'][0], fitted['levels'][1])
    below, above = verdict_thresholds(scores, labels, false_alarm_rate)
    return ImageCalibration(
        image_score=image_score,
        method=method,
        authentic_up_to=below,
        forged_above=above,
        false_alarm_rate=false_alarm_rate,
        ece_before=expected_calibration_error(scores, labels),
        ece_after=expected_calibration_error(calibrated, labels),
        n_forged=n_forged,
        n_authentic=n_authentic,
        **fitted,
    )


def _columns(features: Sequence[Mapping[str, float]]) -> np.ndarray:
    """Gives the logits of the features, (N, C)."""
    return logits_of(np.array([[f[name] for name in _FEATURES] for f in features]))


def _regression(
    columns: np.ndarray, weights: Sequence[float], bias: float
) -> np.ndarray:
    return expit(columns @ np.asarray(weights) + bias)
