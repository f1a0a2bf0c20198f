import time

import numpy as np
import pytest
from sklearn.metrics import (
    f1_score,
    jaccard_score,
    matthews_corrcoef,
    precision_score,
    recall_score,
)

from mpc_mmseg.evaluation.functional.confusion import (
    Confusion,
    count_confusion,
    f1,
    iou,
    mcc,
    mpc_scores,
    precision,
    recall,
)


def random_pair(seed, p_pred=0.4, p_gt=0.3, shape=(23, 31)):
    rng = np.random.default_rng(seed)
    return rng.random(shape) < p_pred, (rng.random(shape) < p_gt).astype(np.int64)


def naive(pred, gt):
    counts = {'tp': 0, 'fp': 0, 'fn': 0, 'tn': 0}
    for p, g in zip(pred.ravel().tolist(), gt.ravel().tolist()):
        if g != 255:
            counts[('tp' if g else 'fp') if p else ('fn' if g else 'tn')] += 1
    return Confusion(**counts)


@pytest.mark.parametrize('dtype', [np.int64, np.uint8])
@pytest.mark.parametrize('seed', range(3))
def test_counts_equal_a_loop_with_ignored_pixels(seed, dtype):
    pred, gt = random_pair(seed)
    gt[np.random.default_rng(seed + 9).random(gt.shape) < 0.2] = 255
    expected = naive(pred, gt)
    assert count_confusion(pred, gt.astype(dtype)) == expected
    assert count_confusion(pred.astype(np.uint8) * 255, gt.astype(dtype)) == expected
    assert expected.total == (gt != 255).sum()


def test_counts_of_views_that_are_not_contiguous():
    pred, gt = random_pair(4)
    assert count_confusion(pred[::2, ::3].T, gt[::2, ::3].T) == naive(
        pred[::2, ::3], gt[::2, ::3]
    )


def test_boolean_ground_truth():
    pred, gt = random_pair(5)
    assert count_confusion(pred, gt.astype(bool)) == naive(pred, gt)


@pytest.mark.parametrize('p_pred', [0.0, 0.4, 1.0])
@pytest.mark.parametrize('p_gt', [0.0, 0.3, 1.0])
@pytest.mark.parametrize('empty', [0.0, 1.0])
def test_scores_equal_scikit_learn(p_pred, p_gt, empty):
    pred, gt = random_pair(1, p_pred, p_gt)
    counts = count_confusion(pred, gt)
    y, x = gt.ravel(), pred.ravel().astype(int)
    assert f1(counts, empty) == pytest.approx(f1_score(y, x, zero_division=empty))
    assert iou(counts, empty) == pytest.approx(jaccard_score(y, x, zero_division=empty))
    assert precision(counts, empty) == pytest.approx(
        precision_score(y, x, zero_division=empty)
    )
    assert recall(counts, empty) == pytest.approx(
        recall_score(y, x, zero_division=empty)
    )
    if 0 < p_pred < 1 and 0 < p_gt < 1:
        assert mcc(counts, empty) == pytest.approx(matthews_corrcoef(y, x))
    else:
        assert mcc(counts, empty) == empty


def test_mcc_does_not_overflow_on_a_large_image():
    n = 40_000_000
    assert mcc(Confusion(n, 0, 0, n), empty=0.0) == 1.0
    assert mcc(Confusion(0, n, n, 0), empty=0.0) == -1.0


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r'\(2, 3\) and \(3, 2\)'):
        count_confusion(np.zeros((2, 3), bool), np.zeros((3, 2), np.int64))
    with pytest.raises(ValueError, match='alike'):
        count_confusion(np.zeros((1, 2, 3), bool), np.zeros((1, 2, 3), np.int64))
    with pytest.raises(ValueError, match=r'found \[2, 254\]'):
        count_confusion(np.zeros((1, 4), bool), np.array([[0, 2, 254, 255]]))


def test_counting_is_never_waited_for():
    pred, gt = random_pair(0, shape=(512, 512))
    seconds = []
    for _ in range(20):
        start = time.perf_counter()
        count_confusion(pred, gt)
        seconds.append(time.perf_counter() - start)
    # 0.3 ms where measured; the bound only has to catch a loop over pixels.
    assert min(seconds) < 0.01


def test_scores_of_empty_and_full_images():
    assert mpc_scores(Confusion(tn=9)) == (0.0, 1.0)
    assert mpc_scores(Confusion(fp=3, tn=6)) == (0.0, 0.0)
    assert mpc_scores(Confusion(fn=3, tn=6)) == (0.0, 0.0)
    f1, iou = mpc_scores(Confusion(tp=9))
    assert f1 == 1 and iou == pytest.approx(1, abs=1e-6)
