import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
)

from mpc_mmseg.evaluation.functional.confusion import count_confusion, f1
from mpc_mmseg.evaluation.functional.curves import N_BINS, ScoreHistogram
from mpc_mmseg.probability import binarize


def make_map(seed, centre=0.5, spread=1.0, shape=(80, 90)):
    """Logits around a centre, forged pixels shifted up by one spread."""
    rng = np.random.default_rng(seed)
    gt = (rng.random(shape) < 0.1).astype(np.int64)
    logit = np.log(centre / (1 - centre)) + spread * (rng.normal(size=shape) + gt)
    return (1 / (1 + np.exp(-logit))).astype(np.float32), gt


def best_f1_of(gt, prob):
    p, r, _ = precision_recall_curve(gt.ravel(), prob.ravel())
    return np.max(2 * p * r / np.maximum(p + r, 1e-12))


# Ordinary maps, cautious ones near zero, an untrained network's narrow ones,
# and saturated ones near one.
@pytest.mark.parametrize(
    'centre, spread',
    [(0.5, 1.0), (0.001, 1.0), (0.5, 0.05), (0.999, 1.0), (0.5, 8.0)],
)
def test_pooled_scores_equal_scikit_learn(centre, spread):
    maps = [make_map(seed, centre, spread) for seed in range(2)]
    prob, gt = (np.concatenate(part) for part in zip(*maps))
    histogram = ScoreHistogram.of_map(*maps[0])
    histogram += ScoreHistogram.of_map(*maps[1])

    ap = average_precision_score(gt.ravel(), prob.ravel())
    assert histogram.average_precision() == pytest.approx(ap, abs=2e-3)
    auc = roc_auc_score(gt.ravel(), prob.ravel())
    assert histogram.roc_auc() == pytest.approx(auc, abs=1e-3)
    best, threshold = histogram.best_f1()
    assert best == pytest.approx(best_f1_of(gt, prob), abs=2e-3)
    # The threshold, used as any other, gives just that score.
    assert f1(count_confusion(binarize(prob, threshold), gt), 0.0) == best


def test_ties_are_exact():
    rng = np.random.default_rng(3)
    prob = rng.choice(np.float32([0, 0.25, 0.5, 0.75, 1]), (40, 40))
    gt = (rng.random((40, 40)) < prob * 0.6 + 0.1).astype(np.int64)
    histogram = ScoreHistogram.of_map(prob, gt)
    y, x = gt.ravel(), prob.ravel()
    assert histogram.roc_auc() == pytest.approx(roc_auc_score(y, x), abs=1e-12)
    assert histogram.average_precision() == pytest.approx(
        average_precision_score(y, x), abs=1e-12
    )
    assert histogram.best_f1()[0] == pytest.approx(best_f1_of(gt, prob), abs=1e-12)


@pytest.mark.parametrize('value', [0.0, 0.3, 0.5, 1.0])
def test_constant_map_is_chance(value):
    gt = np.zeros((10, 10), np.int64)
    gt[:2] = 1
    histogram = ScoreHistogram.of_map(np.full((10, 10), value, np.float32), gt)
    assert histogram.roc_auc() == 0.5
    assert histogram.average_precision() == pytest.approx(0.2)
    assert histogram.best_f1()[0] == pytest.approx(2 * 0.2 / 1.2)


def test_perfect_and_inverted_map():
    gt = np.array([[0, 0, 1, 1]])
    perfect = ScoreHistogram.of_map(np.float32([[0.1, 0.2, 0.8, 0.9]]), gt)
    assert perfect.roc_auc() == perfect.average_precision() == perfect.best_f1()[0] == 1
    assert 0.2 <= perfect.best_f1()[1] < 0.8
    inverted = ScoreHistogram.of_map(np.float32([[0.8, 0.9, 0.1, 0.2]]), gt)
    assert inverted.roc_auc() == 0.0


def test_bins_keep_the_order_and_part_at_a_half():
    prob = np.float32(np.sort(np.random.default_rng(0).random(5000)))
    gt = np.ones((1, 1), np.int64)
    bins = [
        int(ScoreHistogram.of_map(p.reshape(1, 1), gt).counts[1].argmax())
        for p in [np.float32(0), *prob[::50], np.float32(1)]
    ]
    assert bins == sorted(bins) and bins[0] == 0 and bins[-1] == N_BINS - 1
    half = np.float32(0.5)
    above = np.nextafter(half, np.float32(1))
    both = ScoreHistogram.of_map(np.array([[half, above]]), np.array([[0, 1]]))
    assert both.best_f1() == (1.0, 0.5)


def test_ignored_pixels_are_left_out():
    prob, gt = make_map(1)
    full = ScoreHistogram.of_map(prob[:40], gt[:40])
    gt[40:] = 255
    assert (ScoreHistogram.of_map(prob, gt).counts == full.counts).all()


def test_undefined_curves_and_bad_maps_raise():
    one, zero = np.ones((2, 2), np.int64), np.zeros((2, 2), np.int64)
    prob = np.full((2, 2), 0.5, np.float32)
    with pytest.raises(ValueError, match='no authentic pixel'):
        ScoreHistogram.of_map(prob, one).average_precision()
    with pytest.raises(ValueError, match='no forged pixel'):
        ScoreHistogram.of_map(prob, zero).roc_auc()
    assert not ScoreHistogram().has_both
    for bad in (np.nan, -0.1, 1.1):
        prob[0, 0] = bad
        with pytest.raises(ValueError, match='outside'):
            ScoreHistogram.of_map(prob, one)
    with pytest.raises(ValueError, match='truth is'):
        ScoreHistogram.of_map(prob, np.ones((3, 2), np.int64))


@pytest.mark.parametrize('levels', [3, 100, None])
@pytest.mark.parametrize('seed', range(3))
def test_bounds_hold_the_exact_values(seed, levels):
    prob, gt = make_map(seed, 0.5, 0.003)
    if levels:
        # Scores so close that many share a bin, with ties among them.
        prob = (0.5 + np.round((prob - 0.5) * levels * 100) / levels / 100).clip(0, 1)
        prob = prob.astype(np.float32)
    histogram = ScoreHistogram.of_map(prob, gt)
    known = gt != 255
    labels, scores = gt[known] == 1, prob[known]
    for bounds, value, binned in (
        (
            histogram.roc_auc_bounds(),
            roc_auc_score(labels, scores),
            histogram.roc_auc(),
        ),
        (
            histogram.average_precision_bounds(),
            average_precision_score(labels, scores),
            histogram.average_precision(),
        ),
    ):
        assert bounds[0] - 1e-12 <= value <= bounds[1] + 1e-12
        assert bounds[0] <= binned <= bounds[1]
        assert bounds[0] < bounds[1]


def test_bounds_close_where_each_score_has_a_bin():
    prob = np.float32([[0.1, 0.2, 0.3, 0.4]])
    histogram = ScoreHistogram.of_map(prob, np.array([[0, 1, 0, 1]]))
    assert histogram.roc_auc_bounds() == (0.75, 0.75)
    assert histogram.average_precision_bounds() == pytest.approx((5 / 6, 5 / 6))


def test_inverted_histogram_is_that_of_the_inverted_map():
    prob, gt = make_map(2)
    prob = np.round(prob * 64) / np.float32(64)  # of which 1 - p is exact
    inverted = ScoreHistogram.of_map(1 - prob, gt)
    assert (ScoreHistogram.of_map(prob, gt).inverted().counts == inverted.counts).all()
