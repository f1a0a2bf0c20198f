import pytest

from mpc_mmseg.datasets.post_processing import CLEAN, parse_setting
from mpc_mmseg.evaluation.robustness_scores import summarize_setting


def record(path, f1=None, fp=0, dataset='d'):
    common = dict(
        img_path=path, dataset=dataset, forged=f1 is not None, tp=0, fp=fp, fn=0,
        tn=100 - fp, image_score=0.5,
    )  # fmt: skip
    return common if f1 is None else {**common, 'F1': f1, 'IoU': f1 / 2}


BEFORE = [record('a', 0.8), record('b', 0.4), record('c', fp=10)]


def test_differences_are_of_the_same_image():
    # 'b' lost its forgery to a crop: it has no F1 any more, and 'a' alone is paired.
    after = [record('c', fp=30), record('a', 0.5), record('b', fp=20)]
    found = summarize_setting(parse_setting('crop_side_share=0.5'), after, BEFORE)
    assert found['scores']['d']['F1']['value'] == 0.5
    paired = found['difference']['d']['F1']
    assert paired['value'] == pytest.approx(-0.3) and paired['n'] == 1
    assert paired['low'] is None
    assert found['scores']['d']['false_alarm_area']['value'] == pytest.approx(0.25)
    assert found['difference']['d']['false_alarm_area']['value'] == pytest.approx(0.2)
    assert found['family'] == 'crop_side_share' and found['value'] == 0.5


def test_clean_differs_from_itself_by_nothing():
    found = summarize_setting(CLEAN, BEFORE, BEFORE)
    assert found['value'] is None and found['chain'] == ''
    assert found['scores']['d']['F1']['n'] == 2
    assert found['difference']['d']['F1']['low'] == 0


def test_scores_of_conventions_are_compared_too():
    before = [{**r, 'scores': {'trufor.F1': 0.5}} for r in BEFORE]
    after = [{**r, 'scores': {'trufor.F1': 0.25}} for r in BEFORE]
    found = summarize_setting(parse_setting('gamma=1.3'), after, before)
    assert found['difference']['d']['trufor.F1'] == dict(
        value=-0.25, low=-0.25, high=-0.25, n=3
    )


def test_data_sets_are_kept_apart():
    records = [record('a', 0.8), record('a', 0.2, dataset='e')]
    found = summarize_setting(CLEAN, records, records)
    assert {n: s['F1']['value'] for n, s in found['scores'].items()} == dict(
        d=0.8, e=0.2
    )


def test_other_images_are_an_error_that_names_one():
    with pytest.raises(ValueError, match=r"gamma=1\.3: .* b of 'd'"):
        summarize_setting(parse_setting('gamma=1.3'), BEFORE[:1] + BEFORE[2:], BEFORE)


def test_telling_images_apart_is_scored_and_compared():
    def scored(path, forged, score):
        return {**record(path, 0.5 if forged else None), 'image_score': score}

    before = [scored('a', True, 0.9), scored('b', True, 0.8), scored('c', False, 0.1)]
    before.append(scored('e', False, 0.2))
    # 'b' lost its forgery: authentic now, it counts in the score, in no difference.
    after = [scored('a', True, 0.5), scored('b', False, 0.6), scored('c', False, 0.1)]
    after.append(scored('e', False, 0.5))
    found = summarize_setting(parse_setting('crop_side_share=0.5'), after, before)
    auc, change = (found[k]['d']['image_AUC'] for k in ('scores', 'difference'))
    assert auc['value'] == pytest.approx((0 + 1 + 0.5) / 3) and auc['n'] == 4
    assert change['value'] == pytest.approx((1 + 0.5) / 2 - 1) and change['n'] == 3
    assert change['low'] <= change['value'] <= change['high']
    forged = summarize_setting(parse_setting('gamma=1.3'), after[:1], before[:1])
    assert 'image_AUC' not in forged['scores']['d']
