import json

import pytest

from mpc_mmseg.visualization.results_files import read_files, score_notes


def record(path='a.png', f1=0.5, dataset='d'):
    forged = f1 is not None
    scores = dict(F1=f1, IoU=f1 / 2) if forged else {}
    return dict(
        img_path=path, dataset=dataset, forged=forged, tp=1, fp=0, fn=1, tn=2,
        image_score=0.9, **scores,
    )  # fmt: skip


def results(digest='h', **changes):
    return {
        'format': 'mpc_mmseg.results',
        'version': 1,
        'list_hash': digest,
        'conventions': {'mpc': 'resized'},
        'datasets': {
            'd': {
                'list_hash': digest,
                'scores': {'mpc.F1': dict(value=0.5, low=0.4, high=0.6, n=1)},
            }
        },
        'images': [record()],
        **changes,
    }


def robustness(**changes):
    found = dict(format='mpc_mmseg.robustness', version=1, hashes={}, settings=[])
    return {**found, **changes}


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def test_every_kind_of_file(write):
    paths = [
        write('a/results.json', results()),
        write('b/results.json', results()),
        write('robustness.json', robustness()),
    ]
    runs, found = read_files(paths)
    assert [run.name for run in runs] == ['a/results', 'b/results']
    assert list(found) == ['robustness']
    assert runs[0].datasets['d']['mpc.F1']['high'] == 0.6
    assert runs[0].conventions == {'mpc': 'resized'}


def test_only_scores_that_are_shown_are_explained():
    notes = score_notes({'pooled_AP', 'image.AUC', 'trufor.IoU', 'unknown'})
    assert list(notes) == ['pooled_AP', 'image']


def test_names_of_the_users_choice(write):
    runs, _ = read_files([write('a.json', results())], ['ours'])
    assert runs[0].name == 'ours'
    with pytest.raises(ValueError, match='1 files need as many different names'):
        read_files([write('a.json', results())], ['a', 'b'])


def test_other_images_are_not_compared(write):
    paths = [write('a.json', results()), write('b.json', results('other'))]
    with pytest.raises(ValueError, match="a and b scored different images as 'd'"):
        read_files(paths)


@pytest.mark.parametrize(
    ('content', 'says'),
    [
        ('{', r'x\.json is not valid JSON'),
        ({'data/F1': 0.5}, r'x\.json is no file of results'),
        ([], r'x\.json is no file of results'),
        (results(version=2), r'x\.json is of version 2'),
        (robustness(version=2), r'x\.json is of version 2'),
        (results(format='other'), r'one by tools/test.py .* or tools/robustness'),
        (
            {k: v for k, v in robustness().items() if k != 'settings'},
            r"x\.json lacks \['settings'\]",
        ),
        (results(datasets={'d': {}}), r"x\.json is damaged: KeyError\('scores'\)"),
        (results(images=[{}]), r'x\.json, image 1: no line'),
        (results(images=[{'forged': True}]), r'x\.json, image 1: lacks'),
    ],
)
def test_what_is_no_file_of_results(write, content, says):
    with pytest.raises(ValueError, match=says):
        read_files([write('x.json', content)])
