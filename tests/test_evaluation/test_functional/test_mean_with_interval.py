import numpy as np
import pytest

from mpc_mmseg.evaluation.functional.resampling import mean_with_interval


def test_against_the_normal_approximation():
    values = np.random.default_rng(1).normal(0.4, 0.2, 400)
    found = mean_with_interval(values)
    half = 1.96 * values.std() / np.sqrt(400)
    assert found['value'] == pytest.approx(values.mean())
    assert found['low'] == pytest.approx(values.mean() - half, abs=0.004)
    assert found['high'] == pytest.approx(values.mean() + half, abs=0.004)
    assert found['n'] == 400 and found == mean_with_interval(values)


def test_equal_values_leave_no_doubt():
    found = mean_with_interval(np.full(7, 0.5))
    assert found['low'] == found['value'] == found['high'] == 0.5


def test_one_image_or_source_says_nothing_about_the_spread():
    assert mean_with_interval(np.array([0.5]))['low'] is None
    assert mean_with_interval(np.array([0.2, 0.8]), ['s', 's'])['high'] is None


def test_images_of_one_source_are_drawn_together():
    values = np.repeat(np.random.default_rng(0).random(20), 10)
    alone = mean_with_interval(values)
    together = mean_with_interval(values, [f's{i // 10}' for i in range(200)])
    assert together['high'] - together['low'] > 2 * (alone['high'] - alone['low'])


@pytest.mark.parametrize('values', [[], [0.1, np.nan], [[0.1]]])
def test_what_cannot_be_averaged(values):
    with pytest.raises(ValueError, match='finite values'):
        mean_with_interval(np.array(values))
