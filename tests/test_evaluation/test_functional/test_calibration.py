import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression

from mpc_mmseg.evaluation.functional.calibration import (
    clopper_pearson,
    conformal_threshold,
    expected_calibration_error,
    fewest_scores,
    fit_logistic,
)


def test_logistic_regression_equals_scikit_learn():
    rng = np.random.default_rng(1)
    labels = rng.random(200) < 0.1
    values = rng.normal(size=200) + 2 * labels
    values = (values - values.mean()) / values.std()
    slope, bias = fit_logistic(values, labels)
    fitted = LogisticRegression(tol=1e-8).fit(values[:, None], labels)
    assert slope == pytest.approx(fitted.coef_[0, 0], abs=1e-3)
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


def test_the_threshold_is_the_score_of_the_conformal_rank():
    scores = np.random.default_rng(3).permutation(99) / 100
    assert conformal_threshold(scores, 0.01) == 0.98
    assert conformal_threshold(scores, 0.05) == 0.94
    # 0.29 * 100 is just below 29 in floating point.
    assert conformal_threshold(scores, 0.29) == 0.70
    with pytest.raises(ValueError, match=r'0\.005 needs 199 scores, got 99'):
        conformal_threshold(scores, 0.005)
    for rate, n in ((0.01, 99), (0.05, 19), (0.1, 9), (0.3, 3), (0.6, 1)):
        assert fewest_scores(rate) == n
        conformal_threshold(scores[:n], rate)
        if n > 1:
            with pytest.raises(ValueError, match=f'needs {n} scores'):
                conformal_threshold(scores[: n - 1], rate)


@pytest.mark.parametrize('n, rate', [(9, 0.1), (60, 0.05), (150, 0.01)])
def test_a_fresh_score_exceeds_it_as_often_as_stated(n, rate):
    rng = np.random.default_rng(4)
    draws = rng.random((4000, n))
    # The rate of uniform scores above t is 1 - t.
    rates = 1 - np.array([conformal_threshold(draw, rate) for draw in draws])
    assert rates.mean() <= rate + 3 * rates.std() / 4000**0.5
    k = int(rate * (n + 1) + 1e-9)
    assert rates.mean() == pytest.approx(k / (n + 1), abs=4 * rates.std() / 4000**0.5)
    # The interval covers the rate of the drawn threshold, not only their mean.
    low, high = clopper_pearson(k - 1, n)
    assert np.mean((low <= rates) & (rates <= high)) > 0.95 - 0.015


def test_tied_scores_do_not_exceed_it():
    scores = np.repeat([0.1, 0.7, 0.9], [50, 30, 19])
    assert conformal_threshold(scores, 0.19) == 0.9
    assert conformal_threshold(scores, 0.2) == 0.7


@pytest.mark.parametrize('count, n', [(0, 20), (1, 48), (7, 19), (20, 20)])
def test_the_interval_equals_scipys(count, n):
    expected = binomtest(count, n).proportion_ci(0.95, 'exact')
    assert clopper_pearson(count, n) == pytest.approx(tuple(expected))
