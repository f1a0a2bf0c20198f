from itertools import product

import numpy as np
import pytest
from scipy.stats import norm

from mpc_mmseg.evaluation.functional.resampling import (
    bootstrap_intervals,
    bootstrap_weights,
    group_numbers,
    sign_flip_p_value,
    weighted_mean,
)


def test_weighted_mean_leaves_out_the_undefined():
    values = np.array([1.0, np.nan, 4.0])
    weights = np.array([[1.0, 5, 1], [3, 0, 1], [0, 2, 0]])
    assert weighted_mean(values, weights) == pytest.approx(
        [2.5, 1.75, np.nan], nan_ok=True
    )


def test_groups_are_drawn_together_and_seeded():
    groups = group_numbers(['a', None, 'a', 'b', None])
    assert groups.tolist() == [0, 1, 0, 2, 3]
    [weights] = bootstrap_weights(groups, 200, seed=1)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, [0, 1, 3, 4]].sum(axis=1) == 4).all()
    [again] = bootstrap_weights(groups, 200, seed=1)
    assert (weights == again).all()


def test_interval_of_a_mean_is_that_of_theory():
    values = np.random.default_rng(0).normal(size=400)
    low, high = bootstrap_intervals(
        lambda w: {'x': weighted_mean(values, w)}, np.arange(400), 4000
    )['x']
    error = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx(
        (values.mean() - error, values.mean() + error), abs=0.012
    )


def test_intervals_that_say_nothing():
    def score(weights):
        return {'x': weights[:, 0], 'y': np.full(len(weights), np.nan)}

    assert bootstrap_intervals(score, np.array([0, 0]), 50)['x'] is None
    assert bootstrap_intervals(score, np.array([0, 1]), 50)['y'] is None
    assert bootstrap_intervals(score, np.array([0, 1]), 0) == {}
    with pytest.raises(ValueError, match='-1'):
        bootstrap_intervals(score, np.array([0, 1]), -1)


def test_p_value_is_exact_for_few_and_close_for_many():
    differences = np.array([0.3, -0.1, 0.2, 0.4, 0.2])
    observed = abs(differences.sum())
    hits = [
        abs(np.dot(signs, differences)) >= observed - 1e-9
        for signs in product([-1, 1], repeat=5)
    ]
    assert sign_flip_p_value(differences, np.arange(5), 10, 0) == np.mean(hits)
    many = np.random.default_rng(0).normal(0.2, 1, 60)
    # The sum of many independent signs is close to normal.
    expected = 2 * norm.sf(abs(many.sum()) / np.sqrt((many**2).sum()))
    p = sign_flip_p_value(many, np.arange(60), 5000, 0)
    assert p == pytest.approx(expected, abs=0.03)
    assert sign_flip_p_value(np.zeros(60), np.arange(60), 100, 0) == 1
    # Two groups that agree are no more evidence than two images.
    assert sign_flip_p_value(np.ones(40), np.repeat([0, 1], 20), 10, 0) == 0.5
