import argparse
import json
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / 'tools/analysis_tools/benchmark_backbones.py'


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPT.parent)
    return runpy.run_path(str(SCRIPT))


def test_what_is_timed_runs(script):
    path = str(ROOT / 'configs/_base_/models/mpc_hrnet_w18s.py')
    assert script['forward'](path, 64)().shape == (1, 1, 16, 16)
    script['training'](path, 64)()
    args = argparse.Namespace(size=64, measure=['size'])
    found = script['row'](path, args)
    assert found['parameters'][0] > found['parameters'][1] > 1e6
    assert set(found) == {'pixels', 'torch', 'parameters', 'multiply_adds'}


def test_rows_are_added_to_a_file(script, monkeypatch, tmp_path, capsys):
    numbers = dict(parameters=[1e6, 5e5], multiply_adds=[4e9, 3e9], seconds=0.5)
    file = tmp_path / 'rows.json'
    file.write_text(json.dumps({'mpc_b': dict(mib=2048)}))

    def row(path, args):
        if 'absent' in path:
            raise ImportError("No module named 'mmpretrain'")
        assert (path, args.size) == ('x/mpc_a.py', 96)
        return dict(numbers, mib=1)

    main = script['main']
    monkeypatch.setitem(main.__globals__, 'row', row)
    options = ['x/mpc_a.py', 'x/absent.py', '--size', '96', '--json', str(file)]
    monkeypatch.setattr(sys, 'argv', [str(SCRIPT), *options])
    main()
    left_out, *table = capsys.readouterr().out.strip().split('\n')
    assert left_out == "absent left out: No module named 'mmpretrain'"
    assert table[2:] == [
        '| `mpc_b` | - | - | - | 2,048 MiB |',
        '| `mpc_a` | 1.0 M (0.5) | 4.0 G (3.0) | 500 ms | 1 MiB |',
    ]
    assert set(json.loads(file.read_text())) == {'mpc_a', 'mpc_b'}
