"""The table for a paper: rows, columns, and the spread over seeds."""

import json
from statistics import stdev

import pytest

from mpc_mmseg.visualization.score_table import score_table


@pytest.fixture
def write(tmp_path):
    def write(name, **datasets):
        path = tmp_path / f'{name}.json'
        path.write_text(
            json.dumps(
                {
                    'format': 'mpc_mmseg.results', 'version': 1, 'list_hash': 'h',
                    'conventions': {}, 'images': [],
                    'datasets': {
                        dataset: {
                            'list_hash': dataset,
                            'scores': {
                                score: {'value': v, 'low': None, 'high': None, 'n': 3}
                                for score, v in scores.items()
                            },
                        }
                        for dataset, scores in datasets.items()
                    },
                }
            )
        )  # fmt: skip
        return path

    return write


@pytest.fixture
def files(write):
    values = {'a1': 0.3, 'a2': 0.5, 'b': 0.25}
    return [
        write(
            name,
            casia={'mpc.F1': value, 'mpc.IoU': value / 2},
            nist={'mpc.F1': value + 0.1, 'mpc.IoU': value},
        )
        for name, value in values.items()
    ]


def test_seeds_are_a_mean_and_its_spread(files):
    lines = score_table(files, ['our_s', 'our_s', 'base'], 'md').splitlines()
    assert [cell.strip() for cell in lines[0].split('|')[2:-1]] == [
        'casia mpc.F1', 'casia mpc.IoU', 'nist mpc.F1', 'nist mpc.IoU',
        'mean mpc.F1', 'mean mpc.IoU',
    ]  # fmt: skip
    sd = stdev([0.3, 0.5])
    assert f'our_s (2 seeds) | 0.400 ± {sd:.3f} |' in lines[2]
    # The spread of the mean over data sets, not the mean of the spreads.
    assert lines[2].split('|')[6].strip() == f'0.450 ± {sd:.3f}'
    assert lines[3].startswith('| base | 0.250 | 0.125 |') and '±' not in lines[3]


def test_a_table_for_latex_escapes_names(files):
    text = score_table(files, ['our_s', 'our_s', '50%'], 'tex', ['mpc.F1'])
    assert r'\begin{tabular}{lrrr}' in text and r'50\% & 0.250 & 0.350' in text
    assert r'our\_s (2 seeds) & 0.400 $\pm$ 0.141' in text


def test_csv_has_a_row_per_score(files):
    lines = score_table(files, ['a', 'a', 'b'], 'csv', ['mpc.F1']).splitlines()
    assert lines[0] == 'run,dataset,score,seeds,value,sd'
    assert lines[1].startswith('a,casia,mpc.F1,2,0.4,0.14142')
    assert lines[-1].startswith('b,mean,mpc.F1,1,0.3') and lines[-1].endswith(',')


def test_a_run_without_a_data_set_has_no_mean(write):
    scores = {'mpc.F1': 0.1, 'mpc.IoU': 0.1}
    files = [write('a', x=scores, y=scores), write('b', x=scores)]
    assert score_table(files).splitlines()[3] == '| b | 0.100 | 0.100 | - | - | - | - |'


def test_what_no_result_has_is_named(files):
    with pytest.raises(ValueError, match=r'no result has F2; known: mpc\.F1, mpc\.IoU'):
        score_table(files, scores=['F2'])
    with pytest.raises(ValueError, match='3 files need as many'):
        score_table(files, ['a'])
