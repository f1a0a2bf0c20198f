import json
import re
from dataclasses import replace

import numpy as np
import pytest
from calibrated_images import JPEG, random_images
from scipy.special import ndtr

from mpc_mmseg.datasets.io.file_kind import FileKind, FileRange
from mpc_mmseg.evaluation.image_calibration import (
    META_KEY,
    WHOLE,
    CalibrationImage,
    ImageCalibration,
    fit_calibration,
    read_calibration,
    write_calibration,
)


def rates_of(fitted):
    """Rates of wrong verdicts on all images of the distribution of random_images."""
    above, below = (
        np.log(t / (1 - t)) for t in (fitted.forged_above, fitted.authentic_below)
    )
    return 1 - ndtr(above + 1), ndtr(below - 0.5)


@pytest.mark.parametrize(
    'n, rate', [(20, 0.1), (50, 0.05), (50, 0.1), (200, 0.01), (200, 0.05), (200, 0.1)]
)
def test_fresh_images_are_judged_wrongly_at_most_at_the_stated_rate(n, rate):
    draws = [fit_calibration(random_images(n, seed), rate) for seed in range(200)]
    rates = np.array([rates_of(fitted) for fitted in draws])
    error = rates.std(axis=0, ddof=1) / len(draws) ** 0.5
    # Two standard errors: ten of the twelve means are meant to be just below the rate.
    assert (rates.mean(axis=0) <= rate + 2 * error).all()
    # It is not kept by never judging.
    assert (rates.mean(axis=0) > rate / 2).all()
    high = np.array([fitted.false_alarm_interval()[1] for fitted in draws])
    # Four standard errors of a share of 200 draws below 97.5 %.
    assert (rates[:, 0] <= high).mean() > 0.975 - 0.044


@pytest.mark.parametrize('n, rate, needed', [(20, 0.05, 24), (50, 0.01, 104)])
def test_too_few_images_for_a_rate_are_refused_with_the_number(n, rate, needed):
    with pytest.raises(ValueError, match=f'needs {needed} forged and {needed} auth'):
        fit_calibration(random_images(n, 0), rate)
    fit_calibration(random_images(needed, 0), rate)
    with pytest.raises(ValueError, match=f'needs {needed} forged'):
        fit_calibration(random_images(needed - 1, 0), rate)


def test_thresholds_are_of_images_on_which_nothing_was_fitted():
    images = random_images(60, 1)
    fitted = fit_calibration(images, 0.1)
    # A held-out image changes thresholds only, a fitted one summary and probability.
    held_out = 0
    for i, image in enumerate(images[:60]):
        louder = replace(image, features=dict.fromkeys(image.features, 0.999))
        changed = fit_calibration([*images[:i], louder, *images[i + 1 :]], 0.1)
        kept = (changed.slope, changed.bias) == (fitted.slope, fitted.bias)
        assert (
            kept
            or changed.forged_above == fitted.forged_above
            or (changed.summary != fitted.summary)
        )
        held_out += kept
    assert held_out == fitted.n_authentic == 30 == 60 - fitted.n_fit_authentic


def test_images_of_one_source_count_once():
    images = random_images(30, 2)
    grouped = [
        replace(image, group=str(i % 30))
        for i, image in enumerate(images)
        for _ in 'ab'
    ]
    fitted = fit_calibration(grouped, 0.1)
    assert fitted.n_fit_authentic + fitted.n_authentic == 30
    assert fitted.n_fit_forged + fitted.n_forged == 30
    # Forged and authentic images of a source are on one side.
    assert (fitted.n_authentic, fitted.n_forged) == (15, 15)
    with pytest.raises(ValueError, match='got 10 and 10'):
        few = [replace(image, group=str(i % 10)) for i, image in enumerate(images)]
        fit_calibration(few, 0.1)


def test_many_images_of_a_source_do_not_hide_the_others():
    def draw(seed):
        rng = np.random.default_rng(seed)
        # 25 sources of an image, and one of 200 quiet ones.
        quiet = [
            CalibrationImage(dict(max=0.01 * rng.random()), False, JPEG, 'quiet')
            for _ in range(200)
        ]
        single = [
            CalibrationImage({'max': image.features['max']}, image.forged, JPEG)
            for image in random_images(25, seed)
        ]
        return fit_calibration([*quiet, *single], 0.1)

    alarms = np.array([rates_of(draw(seed))[0] for seed in range(50)])
    assert alarms.mean() <= 0.1 + 2 * alarms.std() / 50**0.5


def test_well_separated_classes_have_one_threshold_between_them():
    fitted = fit_calibration(random_images(40, 3, shift=12), 0.1)
    assert fitted.forged_above == fitted.authentic_below
    assert (fitted.false_alarms, fitted.missed) == (0, 0)
    images = random_images(500, 4, shift=12)
    verdicts = [fitted.verdict(fitted.score(image.features)) for image in images]
    right = np.array(verdicts) == [
        'forged' if i.forged else 'authentic' for i in images
    ]
    assert right.mean() > 0.98


def test_the_summary_that_separates_is_chosen_and_its_probability_fits():
    rng = np.random.default_rng(5)
    images = [
        replace(
            image,
            features={
                **dict.fromkeys(image.features, 0.5),
                'max_17px': float(rng.beta(3, 2) if image.forged else rng.beta(2, 3)),
            },
        )
        for image in random_images(2000, 5)
    ]
    fitted = fit_calibration(images, 0.05)
    assert fitted.summary == 'max_17px' and 0.6 < fitted.auc < 0.9
    assert fitted.error < 0.04
    # The probability by Bayes' rule of these two densities.
    for score in (0.2, 0.5, 0.9):
        assert fitted.probability(score) == pytest.approx(score, abs=0.05)


def test_no_verdict_beyond_sizes_formats_and_qualities_of_the_images():
    small, large = FileKind('JPEG', 60_000, 75), FileKind('JPEG', 120_000, 95)
    images = [
        replace(image, kind=(small, large, FileKind('PNG', 80_000))[i % 3])
        for i, image in enumerate(random_images(30, 6))
    ]
    fitted = fit_calibration(images, 0.1)
    assert fitted.files == FileRange(['JPEG', 'PNG'], [60_000, 120_000], [75, 95])
    for kind in (small, large, JPEG, FileKind('PNG', 60_000)):
        assert fitted.why_not_for(kind, WHOLE) is None
    for kind, reason in (
        (FileKind('JPEG', 12_000_000, 90), '12,000,000 pixels.*60,000 to 120,000'),
        (FileKind('JPEG', 10_000, 90), '10,000 pixels.*60,000 to 120,000'),
        (FileKind('WEBP', 90_000), 'WEBP.*JPEG or PNG'),
        (FileKind('JPEG', 90_000, 60), 'quality 60.*quality 75 to 95'),
        (None, 'given as pixels'),
    ):
        assert re.search(reason, fitted.why_not_for(kind, WHOLE))


def test_a_calibration_holds_for_maps_that_are_computed_as_its_own():
    images, tiled = random_images(30, 6), {'tile': 512, 'overlap': 128, 'tta': ['flip']}
    of_tiles, of_whole = (fit_calibration(images, 0.1, s) for s in (tiled, WHOLE))
    assert of_tiles.why_not_for(JPEG, tiled) is None
    assert 'computed with tile none' in of_tiles.why_not_for(JPEG, WHOLE)
    assert 'computed with tile 512' in of_whole.why_not_for(JPEG, tiled)


@pytest.mark.parametrize(
    'kind',
    [
        FileKind('PNG', 98_304),
        FileKind('JPEG', 99_000, 90),
        FileKind('JPEG', 98_304, 80),
    ],
)
def test_what_tells_the_kinds_apart_by_their_files_is_refused(kind):
    images = [
        replace(image, kind=kind if image.forged else JPEG)
        for image in random_images(30, 7)
    ]
    said = re.escape(f'forged images ({FileRange.of([kind])})')
    with pytest.raises(ValueError, match=said):
        fit_calibration(images, 0.1)


def test_a_calibration_survives_a_file_and_a_checkpoint(tmp_path):
    fitted = fit_calibration(random_images(30, 8), 0.1)
    meta = {META_KEY: json.loads(json.dumps(fitted.as_meta()))}
    assert ImageCalibration.from_meta(meta) == fitted
    file = tmp_path / 'calibration.json'
    write_calibration(file, fitted, 'a' * 64)
    assert read_calibration(file, 'a' * 64) == fitted
    with pytest.raises(ValueError, match='of other weights'):
        read_calibration(file, 'b' * 64)
    for text in ('', '[]', '{"format": "other"}'):
        file.write_text(text)
        with pytest.raises(ValueError, match=r'calibration\.json is not a calibration'):
            read_calibration(file, 'a' * 64)


def test_a_calibration_of_an_earlier_version_is_not_used():
    earlier = {'image_score': 'logistic', 'authentic_up_to': 0.2, 'forged_above': 0.4}
    with pytest.warns(UserWarning, match='earlier version.*calibrate'):
        assert ImageCalibration.from_meta({META_KEY: earlier}) is None
    assert ImageCalibration.from_meta({}) is None
    with pytest.raises(ValueError, match=r'tools/calibrate\.py'):
        ImageCalibration.from_meta({META_KEY: {'version': 2, 'summary': 'max'}})
    with pytest.raises(ValueError, match='rate must be'):
        fit_calibration(random_images(30, 9), 1.0)
