import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
)

from mpc_mmseg.evaluation.functional.curves import SortedScores, roc_auc


@pytest.mark.parametrize('decimals', [1, 2, 8])
@pytest.mark.parametrize('share', [0.02, 0.5, 0.98])
def test_scores_equal_scikit_learn_with_ties(decimals, share):
    rng = np.random.default_rng(decimals)
    labels = rng.random(500) < share
    scores = np.round(rng.random(500) + 0.3 * labels, decimals)
    curves = SortedScores(scores, labels)
    assert curves.average_precision() == pytest.approx(
        average_precision_score(labels, scores), abs=1e-12
    )
    assert curves.roc_auc() == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    p, r, thresholds = precision_recall_curve(labels, scores)
    best, threshold = curves.best_f1()
    assert best == pytest.approx(np.max(2 * p * r / np.maximum(p + r, 1e-12)))
    assert threshold in thresholds
    called = scores >= threshold
    hits = (called & labels).sum()
    assert best == pytest.approx(2 * hits / (called.sum() + labels.sum()))


def test_degenerate_scores():
    labels = np.array([True, False, False, False])
    constant = SortedScores(np.ones(4), labels)
    assert constant.roc_auc() == 0.5 and constant.average_precision() == 0.25
    perfect = SortedScores(np.array([0.9, 0.1, 0.2, 0.3]), labels)
    assert perfect.roc_auc() == perfect.average_precision() == 1
    assert perfect.best_f1() == (1.0, 0.9)
    assert SortedScores(np.array([0.0, 0.1, 0.2, 0.3]), labels).roc_auc() == 0


def test_ignored_pixels_are_left_out():
    prob = np.float32([[0.9, 0.8, 0.1, 0.2]])
    gt = np.array([[1, 0, 0, 255]])
    assert SortedScores.of_map(prob, gt).roc_auc() == 1
    with pytest.raises(ValueError, match='truth is'):
        SortedScores.of_map(prob, gt.T)


@pytest.mark.parametrize('decimals', [1, 8])
def test_image_auc_equals_scikit_learn(decimals):
    rng = np.random.default_rng(decimals)
    labels = rng.random(60) < 0.4
    scores = np.round(rng.random(60) + 0.3 * labels, decimals)
    assert roc_auc(scores, labels) == pytest.approx(
        roc_auc_score(labels, scores), abs=1e-12
    )
    assert roc_auc(np.ones(60), labels) == 0.5


def test_image_auc_refuses_what_is_undefined():
    with pytest.raises(ValueError, match='one class'):
        roc_auc(np.array([0.1, 0.2]), np.array([True, True]))
    with pytest.raises(ValueError, match='NaN'):
        roc_auc(np.array([0.1, np.nan]), np.array([True, False]))
    with pytest.raises(ValueError, match=r'\(N,\)'):
        roc_auc(np.array([0.1]), np.array([True, False]))
