"""The tool as a user calls it, but within this process: the imports take seconds."""

import json
import runpy
import shutil
import sys
from pathlib import Path

import pytest

from mpc_mmseg.datasets.lists.list_file import write_list

TOOL = Path(__file__).parents[2] / 'tools/dataset_converters/check_data.py'


def test_leakage_fails_and_a_mended_list_passes(
    forgery_folder, tmp_path, monkeypatch, capsys
):
    def check(*lists):
        arguments = [TOOL, *lists, '--out', tmp_path / 'out', '--workers', 0]
        monkeypatch.setattr(sys, 'argv', list(map(str, arguments)))
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(TOOL), run_name='__main__')
        captured = capsys.readouterr()
        return end.value.code, captured.out + captured.err

    shutil.copy(forgery_folder / 'images/0.png', forgery_folder / 'copy.png')
    pairs = [(f'images/{i}.png', f'masks/{i}.png') for i in range(6)]
    train, test = forgery_folder / 'train.txt', forgery_folder / 'test.txt'
    write_list(train, pairs[:3])
    write_list(test, [*pairs[3:], ('copy.png', 'masks/0.png')])
    status, text = check(train, test)
    assert status == 1
    assert 'error: duplicate between lists (1)' in text
    report = json.loads((tmp_path / 'out/report.json').read_text())
    assert [each['where'] for each in report['defects']] == ['train, test']
    assert '<!doctype html>' in (tmp_path / 'out/report.html').read_text()
    write_list(test, pairs[3:])
    status, text = check(train, test)
    assert status == 0 and 'Passed: 6 images' in text
    status, text = check(forgery_folder / 'gone.txt')
    assert status == 2 and 'no list file' in text
