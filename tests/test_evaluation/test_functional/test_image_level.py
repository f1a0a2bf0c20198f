import numpy as np
import pytest
from sklearn.metrics import (
    balanced_accuracy_score,
    f1_score,
    roc_auc_score,
    roc_curve,
)

from mpc_mmseg.evaluation.functional.image_level import image_level_scores


@pytest.mark.parametrize('decimals', [1, 8])
@pytest.mark.parametrize('seed', range(3))
def test_scores_equal_scikit_learn(seed, decimals):
    rng = np.random.default_rng(seed)
    forged = rng.random(300) < 0.4
    scores = np.round(rng.random(300) * 0.8 + 0.2 * forged, decimals)
    got = {k: v[0] for k, v in image_level_scores(scores, forged).items()}
    assert got['AUC'] == pytest.approx(roc_auc_score(forged, scores), abs=1e-12)
    assert got['F1'] == pytest.approx(f1_score(forged, scores > 0.5))
    assert got['balanced_accuracy'] == pytest.approx(
        balanced_accuracy_score(forged, scores > 0.5)
    )
    fpr, tpr, _ = roc_curve(forged, scores, drop_intermediate=False)
    for rate, name in ((0.01, 'TPR@1%'), (0.05, 'TPR@5%')):
        assert got[name] == pytest.approx(tpr[fpr <= rate].max())
    x = np.linspace(0, 1, 100_001)
    expected = x[np.argmin(np.abs(x - 1 + np.interp(x, fpr, tpr)))]
    assert got['EER'] == pytest.approx(expected, abs=1e-4)


def test_weights_are_repetitions():
    rng = np.random.default_rng(5)
    forged, scores = rng.random(40) < 0.5, np.round(rng.random(40), 1)
    weights = rng.integers(0, 3, (4, 40)).astype(float)
    weights[3] = ~forged
    got = image_level_scores(scores, forged, 0.4, weights)
    for i in range(3):
        n = weights[i].astype(int)
        alone = image_level_scores(scores.repeat(n), forged.repeat(n), 0.4)
        for name, values in got.items():
            assert values[i] == pytest.approx(alone[name][0]), name
    # One class only: undefined, not 0 or 1.
    assert all(np.isnan(values[3]) for values in got.values())


def test_hand_worked():
    perfect = image_level_scores(np.array([0.9, 0.1]), np.array([True, False]))
    assert perfect == dict(
        AUC=1, EER=0, balanced_accuracy=1, F1=1, **{'TPR@1%': 1, 'TPR@5%': 1}
    )
    chance = image_level_scores(np.ones(4), np.array([1, 1, 0, 0]))
    assert chance['AUC'] == chance['EER'] == chance['balanced_accuracy'] == 0.5
    assert chance['TPR@5%'] == 0


def test_bad_input():
    with pytest.raises(ValueError, match='NaN'):
        image_level_scores(np.array([np.nan, 1]), np.array([True, False]))
    with pytest.raises(ValueError, match=r'\(3,\)'):
        image_level_scores(np.zeros(3), np.array([True, False]))
