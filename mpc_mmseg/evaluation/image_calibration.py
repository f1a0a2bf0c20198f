"""A calibrated verdict on an image from its probability map."""

import json
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

from mpc_mmseg.atomic_files import write_atomic
from mpc_mmseg.datasets.io.file_kind import FileKind, FileRange
from mpc_mmseg.json_files import read_json

from .functional.calibration import (
    clopper_pearson,
    conformal_threshold,
    expected_calibration_error,
    fewest_scores,
    fit_logistic,
    logits_of,
)
from .functional.curves import roc_auc
from .probability_map import map_features

#: Its key in a checkpoint's meta.
META_KEY = 'image_calibration'
FORMAT, VERSION = 'mpc_mmseg.image_calibration', 2
#: How maps are computed by default: of whole images.
WHOLE: Mapping[str, Any] = {'tile': None, 'overlap': None, 'tta': []}
# Images of each kind on which summary and probability are fitted, at least.
_FEWEST_FITTED = 5
_EARLIER = (
    'the calibration stored with the model is of an earlier version, whose error rates '
    'were those of the images that its thresholds were fitted on; it is not used: run '
    'tools/calibrate.py again'
)


@dataclass(frozen=True)
class CalibrationImage:
    """An image that the model was not trained on.

    Attributes:
        features: Summaries of its map (`map_features`).
        forged: Whether it is forged.
        kind: Size, format and quality of its file.
        group: Images that share a source photograph; None for an image on its own.
    """

    features: Mapping[str, float]
    forged: bool
    kind: FileKind
    group: str | None = None


@dataclass(frozen=True)
class ImageCalibration:
    """A score of the image, its probability, and thresholds with a stated error rate.

    Images are divided by source. On one part the summary is chosen and the probability
    is fitted; from the ranks of the other, the held-out part, follow the thresholds.

    Attributes:
        summary: Summary of the map (`map_features`) that is the score.
        slope, bias: The probability is sigmoid(slope * logit(score) + bias).
        authentic_below: Score below which an image is predicted authentic.
        forged_above: Score above which it is predicted forged.
        rate: Stated rate: the highest share of authentic images that is expected to be
            predicted forged, and of forged ones predicted authentic.
        n_fit_authentic, n_fit_forged: Images of the fit.
        n_authentic, n_forged: Images held out.
        false_alarms: Authentic ones of these above ``forged_above``.
        missed: Forged ones of these below ``authentic_below``.
        auc: ROC AUC of the score on the images held out.
        error: Expected calibration error of the probability on the images held out.
        files: Range of the files, outside of which there is no verdict.
        settings: How the maps were computed, as `WHOLE`.
    """

    summary: str
    slope: float
    bias: float
    authentic_below: float
    forged_above: float
    rate: float
    n_fit_authentic: int
    n_fit_forged: int
    n_authentic: int
    n_forged: int
    false_alarms: int
    missed: int
    auc: float
    error: float
    files: FileRange
    settings: Mapping[str, Any]

    def score(self, features: Mapping[str, float]) -> float:
        """An image's score from its `map_features`."""
        return features[self.summary]

    def probability(self, score: float) -> float:
        """The calibrated probability that the image was forged."""
        return float(expit(self.slope * logits_of(np.array(score)) + self.bias))

    def verdict(self, score: float) -> str:
        """'forged', 'authentic' or 'inconclusive'."""
        if score > self.forged_above:
            return 'forged'
        return 'authentic' if score < self.authentic_below else 'inconclusive'

    def false_alarm_interval(self) -> tuple[float, float]:
        """95 % Clopper-Pearson interval of the rate of false alarms."""
        return clopper_pearson(self.false_alarms, self.n_authentic)

    def miss_interval(self) -> tuple[float, float]:
        """95 % Clopper-Pearson interval of the rate of forged images missed."""
        return clopper_pearson(self.missed, self.n_forged)

    def why_not_for(
        self, kind: FileKind | None, settings: Mapping[str, Any]
    ) -> str | None:
        """Why it does not hold for an image; None if it does.

        Args:
            kind: Of the image's file; None if unknown.
            settings: How the map was computed, as `WHOLE`.
        """
        if settings != self.settings:
            used, own = (
                ', '.join(f'{key} {value or "none"}' for key, value in each.items())
                for each in (settings, self.settings)
            )
            return f'the map was computed with {used}, and the calibration with {own}'
        if kind is None:
            return (
                'the image was given as pixels, so the format and the JPEG quality of '
                'its file are unknown'
            )
        if kind not in self.files:
            return (
                f'the file ({FileRange.of([kind])}) is outside the range of the '
                f'calibration ({self.files})'
            )
        return None

    def as_meta(self) -> dict[str, Any]:
        """Plain numbers, texts and lists for a checkpoint."""
        return {'version': VERSION, **asdict(self)}

    @classmethod
    def from_meta(cls, meta: Mapping[str, Any]) -> 'ImageCalibration | None':
        """Reads it from a checkpoint's meta.

        Returns:
            None if there is none, or one of an earlier version, with a warning.

        Raises:
            ValueError: If the entry is damaged.
        """
        entry = meta.get(META_KEY)
        if entry is None:
            return None
        try:
            entry = dict(entry)
            if entry.pop('version', None) != VERSION:
                warnings.warn(_EARLIER, stacklevel=2)
                return None
            found = cls(**{**entry, 'files': FileRange(**entry['files'])})
            numbers = [each.name for each in fields(cls) if each.type in (int, float)]
            if not math.isfinite(sum(getattr(found, name) for name in numbers)):
                raise ValueError('a number is not finite')
            found.score(map_features(np.zeros((1, 1))))
            found.why_not_for(FileKind('', 1), {**found.settings})
            return found
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise ValueError(
                f"the model's {META_KEY} cannot be read ({error}); run "
                'tools/calibrate.py again'
            ) from error


def fit_calibration(
    images: Sequence[CalibrationImage],
    rate: float = 0.05,
    settings: Mapping[str, Any] = WHOLE,
    seed: int = 0,
) -> ImageCalibration:
    """Fits score, probability and verdict on images that the model was not trained on.

    Args:
        images: Forged and authentic ones.
        rate: Stated rate of `ImageCalibration`.
        settings: How the maps were computed.
        seed: Of the division into fitted and held-out images.

    Raises:
        ValueError: If the rate is not in (0, 1), there are too few images of different
            sources for it, or forged and authentic files have no size, format or JPEG
            quality in common.
    """
    if not 0 < rate < 1:
        raise ValueError(f'rate must be in (0, 1), got {rate}')
    fitted, held_out = _divided(images, rate, np.random.default_rng(seed))
    labels = np.array([image.forged for image in fitted])
    columns = {
        name: np.array([image.features[name] for image in fitted])
        for name in fitted[0].features
    }
    summary = max(columns, key=lambda name: roc_auc(columns[name], labels))
    slope, bias = fit_logistic(logits_of(columns[summary]), labels)
    scores = np.array([image.features[summary] for image in held_out])
    kinds = np.array([image.forged for image in held_out])
    authentic, forged = scores[~kinds], scores[kinds]
    above = conformal_threshold(authentic, rate)
    below = -conformal_threshold(-forged, rate)
    if below > above:
        # Both rates hold anywhere between the two.
        below = above = (below + above) / 2
    probabilities = expit(slope * logits_of(scores) + bias)
    return ImageCalibration(
        summary=summary,
        slope=slope,
        bias=bias,
        authentic_below=below,
        forged_above=above,
        rate=rate,
        n_fit_authentic=int((~labels).sum()),
        n_fit_forged=int(labels.sum()),
        n_authentic=len(authentic),
        n_forged=len(forged),
        false_alarms=int((authentic > above).sum()),
        missed=int((forged < below).sum()),
        auc=float(roc_auc(scores, kinds)),
        error=expected_calibration_error(probabilities, kinds),
        files=_common_range(images),
        settings=dict(settings),
    )


def _divided(
    images: Sequence[CalibrationImage], rate: float, rng: np.random.Generator
) -> tuple[list[CalibrationImage], list[CalibrationImage]]:
    """Images to fit and images held out, of different sources, one of a kind each."""
    groups: dict[Any, dict[bool, CalibrationImage]] = {}
    for i in rng.permutation(len(images)):
        image = images[i]
        group = groups.setdefault(i if image.group is None else image.group, {})
        group.setdefault(image.forged, image)
    counts = [sum(kind in group for group in groups.values()) for kind in (True, False)]
    needed = fewest_scores(rate)
    fewest = needed + _FEWEST_FITTED
    if min(counts) < fewest:
        raise ValueError(
            f'a rate of {rate:g} needs {fewest} forged and {fewest} authentic images, '
            f'each of another source ({needed} of a kind for the threshold, and '
            f'{_FEWEST_FITTED} others for the fit); got {counts[0]} and {counts[1]}: '
            'add images, or state a higher rate'
        )
    share = max(0.5, needed / min(counts))
    fitted: list[CalibrationImage] = []
    held_out: list[CalibrationImage] = []
    # Groups that contain forged, authentic, or both kinds of images are divided alike.
    for kinds in ({True}, {False}, {True, False}):
        own = [group for group in groups.values() if set(group) == kinds]
        n_held_out = math.ceil(share * len(own) - 1e-9)
        for number, group in enumerate(own):
            part = held_out if number < n_held_out else fitted
            part.extend(group.values())
    return fitted, held_out


def _common_range(images: Sequence[CalibrationImage]) -> FileRange:
    """Where only one kind of files is, the other's rate would be a guess."""
    forged, authentic = (
        FileRange.of([image.kind for image in images if image.forged is kind])
        for kind in (True, False)
    )
    if not (common := forged & authentic):
        raise ValueError(
            f'the files of forged images ({forged}) and of authentic ones '
            f'({authentic}) have no format, size or JPEG quality in common: a verdict '
            'would be one on the files'
        )
    return common


def write_calibration(
    path: str | Path, calibration: ImageCalibration, weights_sha256: str
) -> None:
    """Writes a calibration of the weights with this hash as JSON."""
    content = {'format': FORMAT, 'weights_sha256': weights_sha256}
    content |= calibration.as_meta()
    write_atomic(path, json.dumps(content, indent=1) + '\n')


def read_calibration(path: str | Path, weights_sha256: str) -> ImageCalibration | None:
    """Reads the file of a calibration.

    Returns:
        As `ImageCalibration.from_meta`.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is none, or one of other weights.
    """
    try:
        content = read_json(path)
        if content.pop('format') != FORMAT:
            raise ValueError(f'its format is not {FORMAT}')
        of_weights = content.pop('weights_sha256')
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f'{path} is not a calibration of tools/calibrate.py: {error}'
        ) from error
    if of_weights != weights_sha256:
        raise ValueError(
            f'{path} is the calibration of other weights (SHA-256 {of_weights}, those '
            f'of the model are {weights_sha256}): run tools/calibrate.py again'
        )
    return ImageCalibration.from_meta({META_KEY: content})
