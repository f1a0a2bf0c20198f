import copy
import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from mpc_mmseg.evaluation.results.comparison import compare_results
from mpc_mmseg.evaluation.results.results_file import list_hash, read_results

TOOL = Path(__file__).parents[3] / 'tools/analysis_tools/compare.py'


def results(shift=0.0, n=40, seed=0):
    rng = np.random.default_rng(seed)
    images = [
        {
            'img_path': f'{"copy" if i % 2 else "splice"}_{i}.png',
            'dataset': 'a' if i < 30 else 'b',
            'image_hash': f'{i:032x}',
            'truth_hash': f'{i + 1:032x}',
            'forged_area': 0.005 if i < 10 else 0.1,
            'source': None,
            'tags': ['bright'] if i < 5 else [],
            'scores': {'mpc.F1': float(rng.random() * 0.5 + shift)},
        }
        for i in range(n)
    ]
    return {
        'format': 'mpc_mmseg.results',
        'version': 1,
        'list_hash': list_hash(images),
        'conventions': {'mpc': 'text'},
        'datasets': {},
        'images': images,
    }


def find(rows, dataset, part):
    [row] = [r for r in rows if (r['dataset'], r['part']) == (dataset, part)]
    return row


def test_paired_differences_by_part():
    a, b = results(), results(shift=0.02)
    b['images'].reverse()
    rows = compare_results(a, b, tag_pattern='^(copy|splice)')
    row = find(rows, 'a', 'all')
    assert row['difference'] == pytest.approx(0.02) and row['n'] == 30
    assert row['low'] == pytest.approx(0.02) and row['p_value'] < 1e-3
    assert find(rows, 'a', 'forged area 0%..1%')['n'] == 10
    assert find(rows, 'a', 'forged area 5%..20%')['n'] == 20
    assert find(rows, 'a', 'tag bright')['n'] == 5
    assert find(rows, 'b', 'tag copy')['n'] == 5
    assert find(rows, 'a', 'tag splice')['n'] == 15


def test_no_difference_is_not_significant():
    row = find(compare_results(results(seed=0), results(seed=1)), 'a', 'all')
    assert row['low'] < 0 < row['high'] and row['p_value'] > 0.01
    same = find(compare_results(results(), results()), 'a', 'all')
    assert same['p_value'] == 1 and same['low'] == same['high'] == 0


def test_undefined_scores_are_counted_not_guessed():
    a, b = results(), results()
    del b['images'][0]['scores']['mpc.F1']
    row = find(compare_results(a, b), 'a', 'all')
    assert row['n'] == 29 and row['n_undefined'] == 1


def test_what_cannot_be_compared_is_refused_by_name():
    a = results()
    with pytest.raises(
        ValueError, match=r'2 only in A, such as copy_39\.png|splice_38'
    ):
        compare_results(a, results(n=38))
    other_truth = results()
    other_truth['images'][3]['truth_hash'] = 'x'
    other_truth['list_hash'] = list_hash(other_truth['images'])
    with pytest.raises(ValueError, match=r'copy_3\.png'):
        compare_results(a, other_truth)
    settings = results()
    settings['conventions']['mpc'] = 'other'
    with pytest.raises(ValueError, match='mpc with other settings'):
        compare_results(a, settings)
    foreign = copy.deepcopy(a)
    for image in foreign['images']:
        image['scores'] = {'trufor.F1': 0.5}
    with pytest.raises(ValueError, match='no score'):
        compare_results(a, foreign)


def test_the_tool(tmp_path, monkeypatch, capsys):
    for name, result in (('a', results()), ('b', results(0.1)), ('c', results(n=9))):
        (tmp_path / f'{name}.json').write_text(json.dumps(result))
    (tmp_path / 'd.json').write_text('{"a/F1": 0.5}')

    def run(*names):
        files = [str(tmp_path / f'{n}.json') for n in names]
        argv = [str(TOOL), *files, '--json', str(tmp_path / 'o')]
        monkeypatch.setattr(sys, 'argv', argv)
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(TOOL), run_name='__main__')
        return end.value.code, capsys.readouterr()

    code, printed = run('a', 'b')
    assert code == 0 and 'mpc.F1' in printed.out and '+0.1000' in printed.out
    assert json.loads((tmp_path / 'o').read_text())[0]['n'] == 30
    code, printed = run('a', 'c')
    assert code == 2 and 'c.json' in printed.err
    with pytest.raises(ValueError, match=r'd\.json is no file of results'):
        read_results(tmp_path / 'd.json')
