import json

import pytest
import tool_by_path
import torch
from mmseg.registry import MODELS


@pytest.fixture
def run_tool(monkeypatch, tmp_path, tiny_config):
    """Runs the tool on a tiny network with random weights."""
    tiny_config.dump(tmp_path / 'tiny.py')
    state = MODELS.build(tiny_config.model).state_dict()
    torch.save({'meta': {'mpc_phase': 'localize'}, 'state_dict': state}, tmp_path / 'w')

    def run(*args, config=tmp_path / 'tiny.py', weights=tmp_path / 'w'):
        return tool_by_path.run_tool(
            monkeypatch, 'robustness.py', config, weights, *args
        )

    return run


def test_table_curves_and_results(run_tool, tmp_path, capsys):
    grid = ('jpeg_quality=90,50', 'chain=weibo_like,resize_factor=0.5+gamma=1.3')
    assert run_tool('--device', 'cpu', '--grid', *grid) == 0
    out = tmp_path / 'work/robustness'
    shown = capsys.readouterr().out
    assert (out / 'robustness.txt').read_text().strip() in shown
    assert 'resize_factor=0.5+gamma=1.3' in shown
    curves = {path.name for path in (out / 'curves').iterdir()}
    assert {'jpeg_quality-F1.png', 'chain-F1.png'} <= curves
    results = json.loads((out / 'robustness.json').read_text())
    assert [entry['name'] for entry in results['settings']] == [
        'clean', 'jpeg_quality=90', 'jpeg_quality=50', 'weibo_like',
        'resize_factor=0.5+gamma=1.3',
    ]  # fmt: skip


def test_the_lists_in_use_are_listed_with_what_they_stand_for(run_tool, capsys):
    assert run_tool('--list') == 0
    lines = capsys.readouterr().out.splitlines()
    assert 'whatsapp_like: longest_side_px=1600+jpeg_quality=70' in lines
    assert [line for line in lines if line.startswith('noise')] == [
        f'noise_sd_8bit={n}: noise_sd_8bit={n}' for n in range(3, 24, 4)
    ]


@pytest.mark.parametrize(
    ('args', 'says'),
    [
        (('--grid', 'jpeg_quality=500'), 'got 500'),
        (('--grid', 'noise=3'), "unknown post-processing 'noise'"),
        (('--data-root', 'absent', '--grid', 'gamma=1.3'), 'absent'),
    ],
)
def test_a_wrong_input_is_named_without_a_traceback(run_tool, capsys, args, says):
    assert run_tool(*args) == 1
    assert says in capsys.readouterr().err
