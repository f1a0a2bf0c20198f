import importlib.util
import json
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / 'tools' / 'demo' / 'report.py'


def run_tool(monkeypatch, *args):
    spec = importlib.util.spec_from_file_location('report_tool', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(sys, 'argv', ['report.py', *map(str, args)])
    return module.main()


def test_it_names_the_page(tmp_path, monkeypatch, capsys):
    log = tmp_path / 'run/1/vis_data/scalars.json'
    log.parent.mkdir(parents=True)
    log.write_text(json.dumps({'loss': 1.0, 'step': 1}))
    page = tmp_path / 'page.html'
    args = ('--work-dir', tmp_path / 'run', '--out', page, '--title', 'A run')
    assert run_tool(monkeypatch, *args) == 0
    assert str(page) in capsys.readouterr().out
    assert '<h1>A run</h1>' in page.read_text()


def test_a_wrong_input_is_named_without_a_traceback(tmp_path, monkeypatch, capsys):
    args = ('--work-dir', tmp_path / 'absent', '--out', tmp_path / 'page.html')
    assert run_tool(monkeypatch, *args) == 1
    assert 'absent' in capsys.readouterr().err


def test_help_tells_the_inputs(monkeypatch, capsys):
    with pytest.raises(SystemExit) as stop:
        run_tool(monkeypatch, '--help')
    assert stop.value.code == 0
    text = ' '.join(capsys.readouterr().out.split())
    for word in ('scalars.json', 'per_image_file', 'embeddings (N, C)', '{name:'):
        assert word in text
