import json

import pytest

from mpc_mmseg.visualization.results_files import (
    read_baselines,
    read_scores,
    score_notes,
    scores_of_images,
    short_names,
    verdict,
)


def test_a_single_data_set_needs_no_name():
    scores = {'a/F1': 0.5, 'a/IoU': 0.4, 'mean/F1': 0.5, 'mean/score': 0.45}
    assert short_names(scores) == {'F1': 0.5, 'IoU': 0.4}
    assert short_names({'F1': 0.5}) == {'F1': 0.5}
    assert short_names({'mean/F1': 0.5}) == {'F1': 0.5}
    two = {'a/F1': 0.5, 'b/F1': 0.3, 'mean/F1': 0.4}
    assert short_names(two) == two


def test_verdict_is_honest():
    table = {'ours': {'F1': 0.6}, 'all': {'F1': 0.2}, 'none': {'F1': 0.1}}
    text = verdict(table, 12)
    assert 'beats every baseline' in text and '12 forged' in text
    assert '0.600' in text and '0.200 (all)' in text and '0.100 (none)' in text
    table['best'] = {'F1': 0.6}
    assert 'does not beat every baseline' in verdict(table, 0)
    assert verdict({'ours': {'F1': 0.6}}, 0) == 'Mean F1 is 0.600.'
    assert verdict({'ours': {'IoU': 0.6}, 'all': {'F1': 0.2}}, 0) == ''
    assert verdict({}, 0) == ''
    means = {'ours': {'mean/F1': 0.4}, 'all': {'mean/F1': 0.3}}
    assert 'beats every baseline: mean F1 is 0.400' in verdict(means, 0)


def test_only_scores_that_are_shown_are_explained():
    notes = score_notes({'F1', 'image.AUC', 'trufor.IoU', 'unknown'})
    assert list(notes) == ['F1', 'image']


def test_scores_from_images():
    def image(dataset, forged, image_score, **scores):
        return dict(dataset=dataset, forged=forged, image_score=image_score, **scores)

    images = [
        image('a', True, 0.9, F1=0.5, IoU=0.4),
        image('a', True, 0.4, F1=0.7, IoU=0.6),
        image('a', False, 0.5),
        image('b', True, 0.9, F1=0.2, IoU=0.1),
    ]
    scores = scores_of_images(images)
    assert scores == pytest.approx(
        {
            'a/F1': 0.6,
            'a/IoU': 0.5,
            'a/image_AUC': 0.5,
            'b/F1': 0.2,
            'b/IoU': 0.1,
            'mean/F1': 0.4,
            'mean/IoU': 0.3,
        }
    )


def test_files(tmp_path):
    file = tmp_path / 'scores.json'
    file.write_text(json.dumps({'a/F1': 1, 'a/IoU': 0.5}))
    assert read_scores(file) == {'a/F1': 1.0, 'a/IoU': 0.5}
    file.write_text(json.dumps({'all': {'a/F1': 0.2}}))
    assert read_baselines(file) == {'all': {'F1': 0.2}}


@pytest.mark.parametrize('content', ['{', '[1]', '{"F1": "high"}', '{"F1": NaN}'])
def test_broken_scores_are_named(tmp_path, content):
    file = tmp_path / 'scores.json'
    file.write_text(content)
    with pytest.raises(ValueError, match=r'scores\.json'):
        read_scores(file)
    with pytest.raises(ValueError, match=r'scores\.json'):
        read_baselines(file)
