"""All conventions against slow and plain versions of themselves."""

import numpy as np
import pytest
from scipy.ndimage import maximum_filter, minimum_filter
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    jaccard_score,
    matthews_corrcoef,
    roc_auc_score,
)

from mpc_mmseg.evaluation.conventions import (
    CONVENTIONS,
    Convention,
    build_conventions,
)
from mpc_mmseg.evaluation.conventions.convention import ScoredImage
from mpc_mmseg.evaluation.conventions.published import (
    TruForConvention,
    ignore_edges,
    macro_f1,
)
from mpc_mmseg.evaluation.functional.confusion import count_confusion

NAMES = ['focal', 'imdl-benco', 'mpc', 'mvss', 'native', 'trufor']


def forged_image(seed=0, shape=(96, 120), frame=None, knows=0.4):
    rng = np.random.default_rng(seed)
    truth = np.zeros(shape, np.uint8)
    truth[10:60, 20:80] = 1
    prob = rng.random(shape, np.float32) * (1 - knows) + knows * truth
    return ScoredImage(prob.astype(np.float32), truth, True, frame or shape)


def authentic_image(alarm=0.0, shape=(40, 50)):
    prob = np.full(shape, 0.1, np.float32)
    prob.reshape(-1)[: round(alarm * prob.size)] = 0.9
    return ScoredImage(prob, np.zeros(shape, np.uint8), False, shape)


def score(name, image, **options):
    [convention] = build_conventions([dict(type=name, **options)])
    return convention.score_image(image)


def dataset(name, images):
    [convention] = build_conventions([name])
    rows = [convention.score_image(image) for image in images]
    names = dict.fromkeys(n for row in rows for n in row)
    columns = {n: np.array([row.get(n, np.nan) for row in rows]) for n in names}
    scores = convention.score_dataset(columns, np.ones((1, len(rows))))
    return {n: float(v[0]) for n, v in scores.items()}


def test_all_are_registered_and_explained():
    built = build_conventions('all')
    # The project's own comes first in every table.
    assert [c.name for c in built] == ['mpc', *(n for n in NAMES if n != 'mpc')]
    assert all(len(c.explanation) > 80 for c in built)
    assert len({c.explanation for c in built}) == len(built)


def test_names_are_checked():
    with pytest.raises(ValueError, match="'truefor'"):
        build_conventions(['truefor'])
    with pytest.raises(ValueError, match="'mpc' twice"):
        build_conventions(['mpc', dict(type='mpc')])
    for option in (dict(erode=4), dict(dilate=0)):
        with pytest.raises(ValueError, match=next(iter(option))):
            build_conventions([dict(type='trufor', **option)])
    with pytest.raises(ValueError, match='size'):
        build_conventions([dict(type='focal', size=0)])
    assert [c.name for c in build_conventions('mpc')] == ['mpc']


def test_a_new_one_is_one_class():
    @CONVENTIONS.register_module('share')
    class Share(Convention):
        explanation = 'The share that is called forged.'

        def score_image(self, image):
            return {'area': float(image.predicted.mean())}

    try:
        assert score('share', authentic_image(alarm=0.25)) == {'area': 0.25}
        assert dataset('share', [authentic_image(0.5), authentic_image()]) == {
            'area': 0.25
        }
    finally:
        CONVENTIONS.module_dict.pop('share')


@pytest.mark.parametrize('seed', range(3))
def test_mpc_and_native_equal_scikit_learn(seed):
    image = forged_image(seed, knows=0.1)
    image.gt[70:75] = 255
    known = image.gt != 255
    y, p = image.gt[known], image.prob[known]
    called = p * 255 > 127
    mpc = score('mpc', image)
    assert mpc['F1'] == pytest.approx(f1_score(y, called), abs=1e-12)
    assert mpc['IoU'] == pytest.approx(jaccard_score(y, called), abs=1e-9)
    called = p > 0.5  # what is between 127 of 255 and a half differs
    native = score('native', image)
    assert native['F1'] == pytest.approx(f1_score(y, called), abs=1e-12)
    assert native['MCC'] == pytest.approx(matthews_corrcoef(y, called))
    assert native['AUC'] == pytest.approx(roc_auc_score(y, p), abs=1e-3)
    assert native['AP'] == pytest.approx(average_precision_score(y, p), abs=1e-3)
    best = max(f1_score(y, p > t) for t in np.linspace(0, 1, 41))
    assert best - 1e-3 <= native['best_F1'] < best + 0.02


def test_native_leaves_out_what_is_undefined():
    shape = (20, 20)
    nothing_called = np.zeros(shape, np.float32)
    some, everywhere = np.zeros(shape, np.uint8), np.ones(shape, np.uint8)
    some[:5] = 1
    missed = score('native', ScoredImage(nothing_called, some, True, shape))
    assert missed['F1'] == missed['recall'] == 0 and missed['AUC'] == 0.5
    assert not {'precision', 'MCC'} & set(missed)
    full = score('native', ScoredImage(nothing_called + 1, everywhere, True, shape))
    assert full == {'F1': 1.0, 'IoU': 1.0, 'precision': 1.0, 'recall': 1.0}
    empty = ScoredImage(nothing_called, np.zeros(shape, np.uint8), True, shape)
    assert score('native', empty) == {}
    ignored = np.full(shape, 255, np.uint8)
    assert score('native', ScoredImage(nothing_called, ignored, False, shape)) == {}
    assert score('native', authentic_image(alarm=0.2)) == {'false_alarm_area': 0.2}
    # The mean is over images for which a score is defined.
    images = [
        ScoredImage(nothing_called, some, True, shape),
        ScoredImage(some.astype(np.float32), some, True, shape),
        authentic_image(alarm=0.5),
    ]
    scores = dataset('native', images)
    assert scores['precision'] == 1 and scores['F1'] == 0.5
    assert scores['false_alarm_area'] == 0.5


def test_focal_is_macro_f1():
    image = forged_image(1, shape=(64, 64))
    y, called = image.gt.ravel(), image.predicted.ravel()
    expected = f1_score(y, called, average='macro')
    assert score('focal', image, size=64) == {'F1': pytest.approx(expected, abs=1e-12)}
    assert score('focal', authentic_image()) == {}
    for truth, pred in ((0, 0), (1, 1), (0, 1), (1, 0)):
        y, x = np.full((1, 4), truth), np.full((1, 4), pred)
        assert macro_f1(count_confusion(x, y)) == f1_score(
            y.ravel(), x.ravel(), average='macro', zero_division=0
        )
    # What the text says of a map of zeros: almost a half, for a small forgery.
    small = np.zeros((512, 512), np.uint8)
    small[:40, :40] = 1
    zeros = ScoredImage(np.zeros((512, 512), np.float32), small, True, small.shape)
    assert 0.49 < score('focal', zeros)['F1'] < 0.5


def test_trufor_band_is_that_of_filters():
    rng = np.random.default_rng(0)
    truth = (rng.random((9, 11)) < 0.2).astype(np.uint8).repeat(12, 0).repeat(12, 1)
    truth[50:60, 30:34] = 255
    forged = truth == 1
    inner, outer = minimum_filter(forged, 15), maximum_filter(forged, 11)
    expected = np.where(inner, 1, np.where(outer, 255, 0))
    expected[truth == 255] = 255
    assert (ignore_edges(truth, 15, 11) == expected).all()
    assert (ignore_edges(truth.astype(np.int64), 15, 11) == expected).all()


@pytest.mark.parametrize('invert', [False, True])
def test_trufor_takes_the_better_of_both_maps(invert):
    image = forged_image(2)
    truth = ignore_edges(image.gt, 15, 11)
    known = truth != 255
    y, p = truth[known], image.prob[known]

    def best(p):
        return max(f1_score(y, p > t) for t in np.linspace(0, 1, 61))

    expected = max(f1_score(y, p > 0.5), f1_score(y, p <= 0.5))
    prob = 1 - image.prob if invert else image.prob
    scores = score('trufor', ScoredImage(prob, image.gt, True, image.frame))
    assert scores['F1'] == pytest.approx(expected, abs=2e-2 if invert else 1e-12)
    assert scores['best_F1'] == pytest.approx(max(best(p), best(1 - p)), abs=1e-2)


def test_trufor_leaves_out_regions_that_vanish():
    truth = np.zeros((40, 40), np.uint8)
    truth[:10, 20:30] = 1
    image = ScoredImage(np.zeros((40, 40), np.float32), truth, True, truth.shape)
    assert score('trufor', image) == {}
    assert score('trufor', authentic_image()) == {}
    everywhere = ScoredImage(
        np.zeros((40, 40), np.float32), np.ones((40, 40), np.uint8), True, (40, 40)
    )
    # An inverted map of zeros finds all.
    assert TruForConvention().score_image(everywhere) == {'F1': 1.0, 'best_F1': 1.0}


def test_imdl_benco_counts_authentic_images_as_zero_in_the_frame():
    image = forged_image(3)
    expected = f1_score(image.gt.ravel(), image.predicted.ravel())
    assert score('imdl-benco', image)['F1'] == pytest.approx(expected, abs=1e-12)
    assert score('imdl-benco', authentic_image()) == {'F1': 0.0, 'IoU': 0.0}
    mean = dataset('imdl-benco', [image, authentic_image()])
    assert mean['F1'] == pytest.approx(expected / 2)
    # Every second pixel of a blocky map is the map itself at half the size.
    truth = (np.random.default_rng(0).random((20, 30)) < 0.3).astype(np.uint8)
    blocks = truth.repeat(4, 0).repeat(4, 1)
    small = ScoredImage(blocks.astype(np.float32), blocks, True, (20, 30))
    assert score('imdl-benco', small) == {'F1': 1.0, 'IoU': 1.0}


def test_mvss_harmonic_mean():
    def mostly_missed():
        image = forged_image(0)
        return ScoredImage(image.prob * 0.4, image.gt, True, image.frame)

    found = forged_image(0)
    images = [found, mostly_missed(), mostly_missed(), found]
    images += [authentic_image(), authentic_image(0.01), authentic_image()]
    scores = dataset('mvss', images)
    sensitivity, specificity = 1 / 2, 2 / 3
    expected = 2 * sensitivity * specificity / (sensitivity + specificity)
    assert scores['image_sensitivity'] == sensitivity
    assert scores['image_specificity'] == pytest.approx(specificity)
    assert scores['image_F1'] == pytest.approx(expected)
    pixel = f1_score(found.gt.ravel(), found.predicted.ravel()) / 2
    assert scores['F1'] == pytest.approx(pixel)
    assert scores['combined_F1'] == pytest.approx(
        2 * pixel * expected / (pixel + expected)
    )
    assert 'image_F1' not in dataset('mvss', [found])
    nothing_right = dataset('mvss', [mostly_missed(), authentic_image(1.0)])
    assert nothing_right['image_F1'] == nothing_right['combined_F1'] == 0


def test_the_exact_curves_are_within_the_histogram_s_bounds():
    image = forged_image(5, knows=0.01)
    low, high = image.histogram.average_precision_bounds()
    exact = average_precision_score(image.gt.ravel(), image.prob.ravel())
    assert low <= exact <= high and high - low < 0.02


def test_sizes_must_agree():
    with pytest.raises(ValueError, match=r'\(2, 3\).*\(3, 2\)'):
        ScoredImage(np.zeros((2, 3)), np.zeros((3, 2)), True, (2, 3))
