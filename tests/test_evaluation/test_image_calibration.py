import json

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from mpc_mmseg.evaluation.functional.calibration import (
    expected_calibration_error,
    fit_isotonic,
    fit_logistic,
    fit_temperature,
    verdict_thresholds,
)
from mpc_mmseg.evaluation.image_calibration import (
    META_KEY,
    ImageCalibration,
    fit_calibration,
)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_the_temperature_that_made_the_scores_is_found():
    rng = np.random.default_rng(0)
    z = rng.normal(size=20_000)
    labels = rng.random(z.size) < sigmoid(z)
    assert fit_temperature(sigmoid(3 * z), labels) == pytest.approx(3, rel=0.05)
    before = expected_calibration_error(sigmoid(3 * z), labels)
    after = expected_calibration_error(sigmoid(z), labels)
    assert before > 0.1 and after < 0.015


def test_isotonic_and_logistic_equal_scikit_learn():
    rng = np.random.default_rng(1)
    labels = rng.random(200) < 0.5
    scores = np.round(rng.random(200) * 0.7 + 0.3 * labels, 2)
    x, y = fit_isotonic(scores, labels)
    library = IsotonicRegression().fit(scores, labels.astype(float))
    assert np.interp(scores, x, y) == pytest.approx(library.predict(scores))
    features = rng.normal(size=(200, 3)) + labels[:, None]
    features = (features - features.mean(0)) / features.std(0)
    weights, bias = fit_logistic(features, labels)
    fitted = LogisticRegression(tol=1e-8).fit(features, labels)
    assert weights == pytest.approx(fitted.coef_[0], abs=1e-3)
    assert bias == pytest.approx(fitted.intercept_[0], abs=1e-3)


def test_calibration_error_by_a_loop():
    rng = np.random.default_rng(2)
    p, labels = np.append(rng.random(99), 1.0), rng.random(100) < 0.3
    expected = 0
    for i in range(15):
        own = (p * 15 >= i) & ((p * 15 < i + 1) | (i == 14))
        if own.any():
            expected += own.sum() / 100 * abs(p[own].mean() - labels[own].mean())
    assert expected_calibration_error(p, labels) == pytest.approx(expected)


def scored(n, seed):
    rng = np.random.default_rng(seed)
    labels = rng.random(n) < 0.5
    return np.round(rng.random(n) + 0.4 * labels, 3), labels


@pytest.mark.parametrize('rate', [0.05, 0.2])
def test_thresholds_keep_the_rate(rate):
    scores, labels = scored(10_000, 3)
    below, above = verdict_thresholds(scores, labels, rate)
    fresh, kinds = scored(40_000, 30)
    # Three standard deviations of what 5,000 images of a kind leave open.
    near = 3 * np.sqrt(rate * (1 - rate) / 5000) + 0.002
    assert (fresh[~kinds] > above).mean() == pytest.approx(rate, abs=near)
    assert (fresh[kinds] <= below).mean() == pytest.approx(rate, abs=near)
    # No looser threshold would keep it on the images that it was fitted on.
    assert (scores[~labels] > above).mean() <= rate
    assert (scores[labels] <= below).mean() <= rate
    looser = scores[(scores <= above) & ~labels].max()
    assert (scores[~labels] >= looser).mean() > rate
    apart = verdict_thresholds(np.array([0.1, 0.2, 0.8, 0.9]), np.arange(4) > 1, 0.1)
    assert apart[0] == apart[1] == pytest.approx(0.5)


def images(n=200, seed=4):
    rng = np.random.default_rng(seed)
    forged = rng.random(n) < 0.5
    level = sigmoid(rng.normal(size=n) + 1.5 * forged - 3)
    features = [
        {'max': m, 'top_0.1%': m * 0.9, 'top_1%': m * 0.7, 'mean': m * 0.1}
        for m in level.tolist()
    ]
    return features, forged.tolist()


@pytest.mark.parametrize('method', ['temperature', 'isotonic'])
@pytest.mark.parametrize('image_score', ['max', 'logistic'])
def test_a_calibration_survives_a_checkpoint(image_score, method):
    features, forged = images(500)
    fitted = fit_calibration(features, forged, image_score, method, 0.1)
    meta = {META_KEY: json.loads(json.dumps(fitted.as_meta()))}
    again = ImageCalibration.from_meta(meta)
    assert again == fitted
    scores = [again.score(f) for f in features]
    fresh, kinds = images(2000, seed=5)
    verdicts = np.array([again.verdict(again.score(f)) for f in fresh])
    assert set(verdicts) == {'forged', 'inconclusive', 'authentic'}
    for kind, wrong in ((False, 'forged'), (True, 'authentic')):
        rate = np.mean(verdicts[np.array(kinds) == kind] == wrong)
        # Three standard deviations of what 250 fitted images of a kind leave open.
        assert rate == pytest.approx(0.1, abs=0.06)
    p = np.array([again.probability(s) for s in scores])
    assert ((p >= 0) & (p <= 1)).all()
    if image_score == 'max':
        plain = expected_calibration_error(np.array(scores), forged)
        assert fitted.ece_before == pytest.approx(plain)
        assert fitted.ece_after < fitted.ece_before
    if image_score == 'logistic':
        assert fitted.ece_after < 0.15
    if method == 'isotonic':
        # On the images that it was fitted on its error is nearly nothing.
        assert expected_calibration_error(p, forged) < fitted.ece_after / 2


def test_the_calibration_error_is_that_of_images_left_out():
    features, forged = images(60)
    fitted = fit_calibration(features, forged, 'max', 'isotonic', 0.1)
    scores, labels = np.array([f['max'] for f in features]), np.array(forged)
    rng, fold = np.random.default_rng(0), np.empty(60, int)
    for kind in (True, False):
        for i, image in enumerate(rng.permutation(np.flatnonzero(labels == kind))):
            fold[image] = i % 5
    p = np.empty(60)
    for i, score in enumerate(scores):
        rest = fold != fold[i]
        x, y = fit_isotonic(scores[rest], labels[rest])
        p[i] = np.interp(score, x, y)
    assert fitted.n_folds == 5
    assert fitted.ece_after == pytest.approx(expected_calibration_error(p, labels))


def test_bad_input():
    features, forged = images()
    with pytest.raises(ValueError, match='needs 5 forged and 5 authentic'):
        fit_calibration(features[:4], forged[:4], false_alarm_rate=0.5)
    with pytest.raises(ValueError, match='needs 1000 forged'):
        fit_calibration(features, forged, false_alarm_rate=0.001)
    for option in (
        dict(image_score='median'),
        dict(method='platt'),
        dict(false_alarm_rate=0.0),
    ):
        with pytest.raises(ValueError, match=next(iter(option))):
            fit_calibration(features, forged, **option)
    assert ImageCalibration.from_meta({}) is None
    with pytest.raises(ValueError, match=r'tools/calibrate\.py'):
        ImageCalibration.from_meta({META_KEY: {'method': 'x'}})
