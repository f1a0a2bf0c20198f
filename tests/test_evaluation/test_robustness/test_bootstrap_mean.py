import numpy as np
import pytest

from mpc_mmseg.evaluation.robustness.bootstrap_mean import mean_with_interval


def test_against_the_normal_approximation():
    values = np.random.default_rng(1).normal(0.4, 0.2, 400)
    found = mean_with_interval(values)
    half = 1.96 * values.std() / np.sqrt(400)
    assert found['value'] == pytest.approx(values.mean())
    assert found['low'] == pytest.approx(values.mean() - half, abs=0.003)
    assert found['high'] == pytest.approx(values.mean() + half, abs=0.003)
    assert found['n'] == 400 and found == mean_with_interval(values)


def test_one_or_equal_values_leave_no_doubt_to_measure():
    for values in ([0.5], [0.5] * 7):
        found = mean_with_interval(np.array(values))
        assert found['low'] == found['value'] == found['high'] == 0.5


@pytest.mark.parametrize('values', [[], [0.1, np.nan], [[0.1]]])
def test_what_cannot_be_averaged(values):
    with pytest.raises(ValueError, match='finite values'):
        mean_with_interval(np.array(values))
