"""Statements, regions and caveats that do not contradict one another."""

import re

import cv2
import numpy as np
import pytest
from calibrated_images import JPEG, random_images

from mpc_mmseg.apis.inference.judgement import judge, shown
from mpc_mmseg.apis.inference.prediction import prediction_of
from mpc_mmseg.apis.inference.prediction_files import result_line
from mpc_mmseg.datasets.io.file_kind import FileKind
from mpc_mmseg.evaluation.image_calibration import WHOLE, fit_calibration
from mpc_mmseg.evaluation.probability_map import map_features
from mpc_mmseg.probability import binarize

NUMBER = r'-?\d+(?:\.\d+)?(?:e-?\d+)?'


def random_map(rng):
    """A map of any level and grain, with loud regions or without."""
    prob = rng.random((60, 80)).astype(np.float32)
    prob = cv2.blur(prob, (int(rng.integers(1, 20)),) * 2) ** float(rng.uniform(0.3, 6))
    if rng.random() < 0.4:
        y, x, side = (int(rng.integers(1, high)) for high in (40, 40, 20))
        prob[y : y + side, x : x + side] = rng.random()
    if rng.random() < 0.3:
        # Values beside one another: around what is displayed as one number.
        prob = np.round(prob, 1) + rng.normal(0, 1e-4, prob.shape)
    return prob.clip(0, 1).astype(np.float32)


def random_calibration(rng):
    images = random_images(30, int(rng.integers(1 << 30)), float(rng.uniform(-1, 6)))
    # Kinds of different frequency, so that score and probability may differ.
    images = images[: 60 - int(rng.integers(0, 16))]
    return fit_calibration(images, float(rng.choice([0.1, 0.2, 0.4])))


def judged(prob, threshold, calibration, kind=JPEG):
    mask = binarize(prob, threshold).view(np.uint8)
    return judge(prob, mask, threshold, calibration, kind, WHOLE)


def check(found, prob, threshold, calibration):
    """Reads the sentences and compares them with the numbers beside them."""
    said = found.statement
    marked = int((prob > threshold).sum())
    # Where: the regions, the sentence and the mask are of one threshold.
    assert bool(found.regions) == bool(marked)
    assert ('No pixel exceeds' in said) == (not found.regions)
    assert f'the threshold {threshold}' in said
    if marked:
        count = 'or more' if len(found.regions) == 100 else str(len(found.regions))
        assert count in said and f'{marked:,} of {prob.size:,} pixels' in said
        assert all(region.mean_score > threshold for region in found.regions)
    highest = re.search(
        rf'highest value of the map is ({NUMBER}) \(0', found.caveats[-1]
    )
    assert (float(highest[1]) > threshold) == bool(marked)
    # What: the statement begins with the verdict, and names no other.
    word = 'No verdict' if found.verdict is None else found.verdict.capitalize()
    assert said.startswith(f'{word}: ' if found.verdict else 'No verdict: ')
    for other in {'Forged:', 'Authentic:', 'Inconclusive:', 'No verdict:'} - {
        f'{word}:'
    }:
        assert other not in said and not any(other in text for text in found.caveats)
    assert 'nothing was found' not in ' '.join([said, *found.caveats])
    if found.verdict is None:
        assert found.forged_probability is None and len(found.caveats) == 1
        return
    p, score = found.forged_probability, calibration.score(map_features(prob))
    shown_p = float(re.search(rf'probability ({NUMBER}):', found.caveats[0])[1])
    assert shown_p == pytest.approx(p, abs=6e-4) and (shown_p < 0.5) == (p < 0.5)
    written = float(re.search(rf'(?:map|,) is ({NUMBER})', said)[1])
    above = re.search(rf'above ({NUMBER})', said)
    below = re.search(rf'below ({NUMBER})', said)
    if found.verdict == 'forged':
        assert p >= 0.5 and score > calibration.forged_above
        assert written > float(above[1]) and 'expected to be' in said
    elif found.verdict == 'authentic':
        assert not found.regions and p <= 0.5 and score < calibration.authentic_below
        assert written < float(below[1])
    elif above and below:
        assert float(below[1]) <= written <= float(above[1])
    else:
        # By its score a verdict, against which something else speaks and is named.
        assert ('of 100 were forged' in said) or (
            found.regions and 'but pixels' in said
        )
        if above:
            assert p < 0.5 and written > float(above[1])
        else:
            assert written < float(below[1])


def test_no_statement_contradicts_what_stands_beside_it():
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(40):
        calibration = random_calibration(rng)
        cuts = [calibration.forged_above, calibration.authentic_below]
        for _ in range(25):
            prob = random_map(rng)
            threshold = float(
                rng.choice([0.0, 0.5, 0.999, 1.0, prob.max(), rng.random(), *cuts])
            )
            which = rng.choice([0, 1, 1, 1, 2])
            given = (None, calibration, calibration)[which]
            kind = (JPEG, JPEG, FileKind('JPEG', 81, 90))[which]
            found = judged(prob, threshold, given, kind)
            check(found, prob, threshold, given)
            seen.add((found.verdict, bool(found.regions)))
    assert len(seen) == 7  # each verdict with regions and without, but authentic


def test_a_small_region_is_as_loud_in_a_large_photograph():
    calibration = fit_calibration(random_images(40, 1), 0.1)
    features = []
    for size in ((256, 384), (3000, 4000)):
        prob = np.full(size, 0.01, np.float32)
        prob[200:212, 300:312] = 0.99
        features.append(map_features(prob))
        found = judged(prob, 0.5, calibration)
        assert found.verdict != 'authentic' and found.regions[0].area == 144
    assert features[0] == pytest.approx(features[1], rel=1e-6)
    # In a corner, too; of it 12x12 of 17x17 pixels are loud.
    prob = np.full((256, 384), 0.01, np.float32)
    prob[-12:, -12:] = 0.99
    assert map_features(prob) == pytest.approx(features[0], rel=1e-6)
    assert features[0]['max_9px'] == pytest.approx(0.99)
    loud = (144 * 0.99 + (17**2 - 144) * 0.01) / 17**2
    assert features[0]['max_17px'] == pytest.approx(loud)
    tiny = np.full((5, 7), 0.25, np.float32)
    assert set(map_features(tiny).values()) == {0.25}


def test_no_calibration_no_verdict_and_why():
    prob = np.full((40, 50), 0.2, np.float32)
    found = judged(prob, 0.5, None)
    assert found.verdict is None and 'not calibrated' in found.statement
    calibration = fit_calibration(random_images(40, 1), 0.1)
    found = judged(prob, 0.5, calibration, FileKind('JPEG', 12_000_000, 90))
    assert 'file (JPEG, 12,000,000 pixels, JPEG quality 90) is out' in found.statement
    result = prediction_of(None, prob, prob, 0.5, calibration, None, WHOLE)
    line = result_line(result, 0.5, [])
    assert 'given as pixels' in line['statement'] and 'verdict' not in line


def test_what_was_held_out_is_stated():
    calibration = fit_calibration(random_images(40, 1), 0.1)
    _, rates, _ = judged(np.full((40, 50), 0.2, np.float32), 0.5, calibration).caveats
    low, high = calibration.false_alarm_interval()
    for text in (
        'at most 10 %', '20 authentic and 20 forged images, each of another source',
        f'{100 * low:.1f} to {100 * high:.1f} %', 'Clopper', '98,304 pixels',
        'JPEG quality 90',
    ):  # fmt: skip
        assert text in rates


def test_numbers_are_shown_in_the_order_that_they_have():
    assert shown(0.5004, 0.5) == ['0.5004', '0.5000']
    assert shown(0.25, 0.5, 0.5) == ['0.250', '0.500', '0.500']
    a = np.float32(0.3)
    low, high = shown(float(a), float(np.nextafter(a, np.float32(1))))
    assert float(low) < float(high)
