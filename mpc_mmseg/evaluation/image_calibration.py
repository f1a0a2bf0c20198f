"""A calibrated verdict on an image from its probability map."""

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

#: Its key in a checkpoint's meta.
META_KEY = 'image_calibration'
IMAGE_SCORES = ('max', 'top_0.1%', 'top_1%', 'logistic')
METHODS = ('temperature', 'isotonic')
#: Folds of the cross-validation of calibration errors.
N_FOLDS = 5
_FEATURES = ('max', 'top_0.1%', 'top_1%', 'mean')


@dataclass(frozen=True)
class ImageCalibration:
    """Calibration of image scores, fitted on a validation list.

    Attributes:
        image_score: Feature of the map (`map_features`) that is the score, or
            'logistic' for a regression on the logits of all of them.
        weights: Weights of the regression.
        bias: Bias of the regression.
        method: 'temperature' or 'isotonic'.
        temperature: The temperature of 'temperature'.
        levels: The steps of 'isotonic': score -> probability, two lists.
        authentic_up_to: Score up to which an image is predicted authentic.
        forged_above: Score above which it is predicted forged.
        false_alarm_rate: False-alarm rate of these thresholds.
        ece_before: Cross-validated expected calibration error of the plain score.
        ece_after: The same, calibrated.
        n_folds: Folds of the cross-validation.
        n_forged: Forged images of the fit.
        n_authentic: Authentic images of the fit.
    """

    image_score: str
    method: str
    authentic_up_to: float
    forged_above: float
    false_alarm_rate: float
    ece_before: float
    ece_after: float
    n_folds: int
    n_forged: int
    n_authentic: int
    weights: list[float] = field(default_factory=list)
    bias: float = 0.0
    temperature: float = 1.0
    levels: list[list[float]] = field(default_factory=list)

    def score(self, features: Mapping[str, float]) -> float:
        """An image's uncalibrated score from its `map_features`."""
        fitted = {'weights': self.weights, 'bias': self.bias}
        return float(_scores([features], self.image_score, fitted)[0])

    def probability(self, score: float) -> float:
        """The calibrated probability that the image was forged."""
        name = 'temperature' if self.method == 'temperature' else 'levels'
        return float(_calibrate(np.array([score]), {name: getattr(self, name)})[0])

    def verdict(self, score: float) -> str:
        """'forged', 'authentic' or 'inconclusive'."""
        if score > self.forged_above:
            return 'forged'
        return 'authentic' if score <= self.authentic_up_to else 'inconclusive'

    def as_meta(self) -> dict[str, Any]:
        """Plain numbers, texts and lists for a checkpoint."""
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
        forged: Whether each is forged.
        image_score: One of `IMAGE_SCORES`.
        method: One of `METHODS`.
        false_alarm_rate: Share of authentic images that may be predicted forged, and of
            forged ones that may be predicted authentic.

    Raises:
        ValueError: If an argument is wrong, or there are too few forged or authentic
            images for that rate.
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
    fewest = max(N_FOLDS, int(np.ceil(1 / false_alarm_rate - 1e-9)))
    if min(n_forged, n_authentic) < fewest:
        raise ValueError(
            f'a false_alarm_rate of {false_alarm_rate} needs {fewest} forged and '
            f'{fewest} authentic images, got {n_forged} and {n_authentic}'
        )
    scores, fitted = _fit(features, labels, image_score, method)
    below, above = verdict_thresholds(scores, labels, false_alarm_rate)
    held_out, calibrated = _held_out(features, labels, image_score, method)
    return ImageCalibration(
        image_score=image_score,
        method=method,
        authentic_up_to=below,
        forged_above=above,
        false_alarm_rate=false_alarm_rate,
        ece_before=expected_calibration_error(held_out, labels),
        ece_after=expected_calibration_error(calibrated, labels),
        n_folds=N_FOLDS,
        n_forged=n_forged,
        n_authentic=n_authentic,
        **fitted,
    )


def _fit(
    features: Sequence[Mapping[str, float]],
    labels: np.ndarray,
    image_score: str,
    method: str,
) -> tuple[np.ndarray, dict[str, Any]]:
    """The images' scores (N,) and the fitted parameters."""
    fitted: dict[str, Any] = {}
    if image_score == 'logistic':
        weights, bias = fit_logistic(_columns(features), labels)
        fitted |= {'weights': weights, 'bias': bias}
    scores = _scores(features, image_score, fitted)
    if method == 'temperature':
        fitted['temperature'] = fit_temperature(scores, labels)
    else:
        fitted['levels'] = list(fit_isotonic(scores, labels))
    return scores, fitted


def _held_out(
    features: Sequence[Mapping[str, float]],
    labels: np.ndarray,
    image_score: str,
    method: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Scores and probabilities (N,) of each image, fitted without its fold."""
    fold = np.empty(len(labels), int)
    rng = np.random.default_rng(0)
    for members in (np.flatnonzero(labels), np.flatnonzero(~labels)):
        # Both classes are spread evenly over the folds.
        fold[rng.permutation(members)] = np.arange(len(members)) % N_FOLDS
    scores, calibrated = np.empty(len(labels)), np.empty(len(labels))
    for own in (fold == i for i in range(N_FOLDS)):
        rest = [f for f, held in zip(features, own) if not held]
        _, fitted = _fit(rest, labels[~own], image_score, method)
        found = [f for f, held in zip(features, own) if held]
        scores[own] = _scores(found, image_score, fitted)
        calibrated[own] = _calibrate(scores[own], fitted)
    return scores, calibrated


def _scores(
    features: Sequence[Mapping[str, float]],
    image_score: str,
    fitted: Mapping[str, Any],
) -> np.ndarray:
    if image_score != 'logistic':
        return np.array([f[image_score] for f in features])
    # One by one, as in `score`: a batch rounds differently, and thresholds are scores.
    weights, bias = np.asarray(fitted['weights']), fitted['bias']
    rows = _columns(features)[:, None]
    return np.concatenate([expit(row @ weights + bias) for row in rows])


def _calibrate(scores: np.ndarray, fitted: Mapping[str, Any]) -> np.ndarray:
    if 'temperature' in fitted:
        return expit(logits_of(scores) / fitted['temperature'])
    return np.interp(scores, *fitted['levels'])


def _columns(features: Sequence[Mapping[str, float]]) -> np.ndarray:
    """Logits of the features, (N, C)."""
    return logits_of(np.array([[f[name] for name in _FEATURES] for f in features]))
