import numpy as np
import pytest

from mpc_mmseg.evaluation.functional.confusion import Confusion
from mpc_mmseg.evaluation.functional.curves import ScoreHistogram
from mpc_mmseg.evaluation.results.dataset_summary import summarize
from mpc_mmseg.evaluation.results.image_record import ImageRecord


def record(forged=True, dataset='a', score=0.5, prob=(0.2, 0.9), gt=None, **counts):
    gt = [0, int(forged)] if gt is None else gt
    return ImageRecord(
        dataset=dataset,
        img_path='x.png',
        forged=forged,
        counts=Confusion(**counts),
        image_score=score,
        histogram=ScoreHistogram.of_map(np.float32([prob]), np.array([gt])),
    )


def test_plain_mean_over_images_then_data_sets():
    scores = summarize(
        [
            record(tp=1),
            record(tp=1, fp=1, fn=1),
            record(dataset='b', tp=1, fn=2),
        ]
    )
    assert scores['a/F1'] == pytest.approx((1 + 0.5) / 2)
    assert scores['a/IoU'] == pytest.approx((1 + 1 / 3) / 2)
    assert scores['b/F1'] == pytest.approx(0.5)
    assert scores['mean/F1'] == pytest.approx((0.75 + 0.5) / 2)
    assert scores['mean/IoU'] == pytest.approx((2 / 3 + 1 / 3) / 2)
    assert scores['mean/score'] == pytest.approx(
        (scores['mean/F1'] + scores['mean/IoU']) / 2
    )
    assert all(type(value) is float for value in scores.values())


def test_authentic_images_are_counted_apart():
    images = [
        record(tp=1, score=0.9),
        record(forged=False, tn=4, score=0.1),
        record(forged=False, fp=1, tn=3, score=0.95),
    ]
    scores = summarize(images)
    assert scores['a/F1'] == 1
    assert scores['a/image_AUC'] == 0.5
    assert scores['a/false_alarm_area'] == pytest.approx(0.125)
    assert scores['a/pooled_AP'] == 1


def test_undefined_scores_are_left_out():
    assert summarize([]) == {}
    only_authentic = summarize([record(forged=False, fp=1, tn=1)])
    assert only_authentic == {'a/false_alarm_area': 0.5}
    only_forged = summarize([record(tp=1)])
    assert not {'a/image_AUC', 'a/false_alarm_area'} & set(only_forged)
    everywhere = summarize([record(tp=2, gt=[1, 1])])
    assert everywhere['a/F1'] == 1 and 'a/pooled_AP' not in everywhere
    # A data set without forged images does not weigh on the mean.
    both = summarize([record(tp=1), record(forged=False, dataset='b', tn=2)])
    assert both['mean/F1'] == 1
    ignored = summarize([record(forged=False, gt=[255, 255])])
    assert ignored == {}


def test_moved_histograms_are_pooled_all_the_same():
    images = [record(prob=p) for p in ((0.1, 0.9), (0.95, 0.3), (0.2, 0.4))]
    expected = summarize(images)
    images[0].histogram += images[1].histogram
    images[1].histogram = None
    assert summarize(images) == expected


def test_a_data_set_called_mean():
    with pytest.raises(ValueError, match="'mean'"):
        summarize([record(dataset='mean', tp=1)])


def test_line_of_a_report():
    line = record(tp=1, fp=1, fn=1).as_dict()
    assert line['F1'] == 0.5 and line['tp'] == 1 and line['dataset'] == 'a'
    assert 'F1' not in record(forged=False, tn=2).as_dict()
