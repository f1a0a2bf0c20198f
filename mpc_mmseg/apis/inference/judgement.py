"""What is stated of an image: verdict, regions and caveats, derived together.

Nothing else puts a result into words. So no sentence contradicts a region or a number
beside it: tests/test_apis/test_inference/test_judgement.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mpc_mmseg.evaluation.probability_map import map_features

from .regions import MOST, Region, find_regions

if TYPE_CHECKING:
    from mpc_mmseg.datasets.io.file_kind import FileKind
    from mpc_mmseg.evaluation.image_calibration import ImageCalibration


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What is stated of an image.

    Attributes:
        verdict: 'forged', 'authentic' or 'inconclusive'; None without a calibration
            (tools/calibrate.py) that holds for the image.
        forged_probability: Calibrated probability that it is forged; None likewise.
        regions: Connected components of the mask, the largest first.
        statement: Verdict, its reason and the number of regions, in words.
        caveats: What the numbers mean, in words.
    """

    verdict: str | None = None
    forged_probability: float | None = None
    regions: tuple[Region, ...] | None = None
    statement: str | None = None
    caveats: tuple[str, ...] = ()


def judge(
    prob: np.ndarray,
    mask: np.ndarray,
    threshold: float,
    calibration: ImageCalibration | None,
    kind: FileKind | None,
    settings: Mapping[str, Any],
) -> Judgement:
    """Judges an image by its map.

    With a region an image is not authentic, whatever its score, and a verdict against
    which the calibrated probability speaks is inconclusive. Neither makes a wrong
    verdict more frequent than the calibration states.

    Args:
        prob, mask: (H, W) probabilities, and uint8, 1 where they exceed the threshold.
        threshold: As it is shown to a reader.
        calibration, kind: Of the model and of the image's file; None if unknown.
        settings: How the map was computed, see `image_calibration.WHOLE`.
    """
    regions, n_marked = find_regions(prob, mask), int(np.count_nonzero(mask))
    where = f'No pixel exceeds the threshold {threshold}, so no region is marked.'
    if n_marked:
        count = f'{len(regions)} region{"s" if len(regions) > 1 else ""}'
        more = ' or more' if len(regions) == MOST else ''
        where = (
            f'{count}{more} marked: {n_marked:,} of {mask.size:,} pixels exceed the '
            f'threshold {threshold}.'
        )
    highest = (
        f'The highest value of the map is {_beside(prob.max(), threshold)} (0 to 1). '
        'The values of pixels are scores of the model, not the probability that the '
        'image was forged; large images reach higher ones by chance alone.'
    )
    reason: str | None = 'the model was not calibrated (tools/calibrate.py)'
    if calibration is not None:
        reason = calibration.why_not_for(kind, settings)
    if calibration is None or reason is not None:
        statement = f'No verdict: {reason}. {where}'
        return Judgement(regions=regions, statement=statement, caveats=(highest,))
    score = calibration.score(map_features(prob))
    probability = calibration.probability(score)
    verdict, why = _verdict(calibration, score, probability, bool(n_marked))
    return Judgement(
        verdict=verdict,
        forged_probability=probability,
        regions=regions,
        statement=f'{verdict.capitalize()}: {why} {where}',
        caveats=(*_calibration_in_words(calibration, probability), highest),
    )


def _verdict(
    calibration: ImageCalibration, score: float, probability: float, marked: bool
) -> tuple[str, str]:
    """Verdict, and its reason in words."""
    written, above, below = shown(
        score, calibration.forged_above, calibration.authentic_below
    )
    name = 'the highest value of the map'
    if calibration.summary != 'max':
        side = calibration.summary.removeprefix('max_').removesuffix('px')
        name = f'the highest mean of a square of the map, of {side} pixels a side,'
    by_score = calibration.verdict(score)
    if by_score == 'inconclusive':
        return by_score, (
            f'{name} is {written}; forged is stated above {above}, authentic below '
            f'{below}.'
        )
    forged = by_score == 'forged'
    reason = (
        f'{name} is {written}, {f"above {above}" if forged else f"below {below}"}; at '
        f'most {100 * calibration.rate:g} % of {"authentic" if forged else "forged"} '
        'images like those of the calibration are expected to be'
    )
    if probability < 0.5 if forged else probability > 0.5:
        return 'inconclusive', (
            f'{reason}, but of the calibration images that score like it '
            f'about {100 * probability:.0f} of 100 were forged.'
        )
    if marked and not forged:
        return 'inconclusive', f'{reason}, but pixels exceed the threshold of the map.'
    return by_score, f'{reason}.'


def _calibration_in_words(c: ImageCalibration, probability: float) -> tuple[str, str]:
    alarms, misses = (
        f'{100 * low:.1f} to {100 * high:.1f} %'
        for low, high in (c.false_alarm_interval(), c.miss_interval())
    )
    return (
        f'Calibrated probability {_beside(probability, 0.5)}: of 100 images that score '
        f'like this one about {100 * probability:.0f} were forged, among images like '
        f'the {c.n_fit_authentic + c.n_fit_forged} that it was fitted on, of which '
        f'{c.n_fit_forged} were forged. Where forgeries are rarer than there, it is '
        f'lower. Its expected error is {c.error:.3f}, measured on '
        f'{c.n_authentic + c.n_forged} images that it was not fitted on.',
        f'Stated rate of wrong verdicts: at most {100 * c.rate:g} % on average over '
        f'calibrations. It follows from the ranks of {c.n_authentic} authentic and '
        f'{c.n_forged} forged images, each of another source, on which nothing was '
        f'fitted. Above the threshold: {c.false_alarms} of the authentic ones, so the '
        f'rate of false alarms of this calibration is {alarms}. Below the other '
        f'threshold: {c.missed} of the forged ones, so that of forged images missed is '
        f'{misses} (95 % intervals of Clopper and Pearson). '
        f'It holds only for images like these: {c.files}.',
    )


def _beside(value: float | np.float32, threshold: float) -> str:
    """A number with three decimals, or more until it is on its side of a threshold."""
    # As the map is compared: 0.3 as float32 does not exceed 0.3.
    cut = type(value)(threshold)
    return str(threshold) if value == cut else shown(value, cut)[0]


def shown(*values: Any) -> list[str]:
    """Numbers with three decimals, or more until they differ where the values do."""
    order = np.sign(np.subtract.outer(values, values))
    for digits in range(3, 17):
        texts = [f'{value:.{digits}f}' for value in values]
        rounded = [float(text) for text in texts]
        if (np.sign(np.subtract.outer(rounded, rounded)) == order).all():
            return texts
    return [repr(float(value)) for value in values]
