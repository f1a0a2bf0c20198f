import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mpc_mmseg.evaluation.functional.curves import roc_auc


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
