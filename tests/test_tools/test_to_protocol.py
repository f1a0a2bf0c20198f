import contextlib
import io
import runpy
import sys
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
import pytest

from mpc_mmseg.datasets.lists.list_file import read_list_file

SCRIPT = Path(__file__).resolve().parents[2] / 'tools/dataset_converters/to_protocol.py'


def run(*arguments):
    """Exit status, output and errors of the tool, run in this process."""
    output, errors, code = io.StringIO(), io.StringIO(), 0
    with (
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
        mock.patch.object(sys, 'argv', [str(SCRIPT), *map(str, arguments)]),
    ):
        try:
            runpy.run_path(str(SCRIPT), run_name='__main__')
        except SystemExit as stop:
            code = stop.code
    return code, output.getvalue(), errors.getvalue()


@pytest.fixture
def root(tmp_path):
    for name in ('images/a.jpg', 'images/b.jpg', 'masks/a_m.png', 'masks/b_m.png'):
        path = tmp_path / 'set' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((8, 8), 255, np.uint8))
    return tmp_path / 'set'


OPTIONS = ('--layout-options', 'suffix=_m', 'tag=splice')


def test_a_list_with_header(root, tmp_path):
    out = tmp_path / 'mine.txt'
    code, output, _ = run('folders', root, '--out', out, *OPTIONS, '--version', '2.0')
    assert code == 0
    assert 'folders, 2 listed' in output
    listed = read_list_file(out)
    assert (listed.header.name, listed.header.version) == ('mine', '2.0')
    assert [entry.mask for entry in listed.entries] == [
        'masks/a_m.png',
        'masks/b_m.png',
    ]
    assert listed.entries[0].tags == ('folders', 'splice')


def test_missing_files_are_listed_and_set_the_status(root):
    (root / 'masks/b_m.png').unlink()
    code, output, _ = run('folders', root, *OPTIONS)
    assert code == 1
    assert 'mask of images/b.jpg' in output
    assert len(read_list_file(root / 'folders.txt').entries) == 1


def test_selection(root, tmp_path):
    (tmp_path / 'names.txt').write_text('b.jpg\n')
    code, _, _ = run('folders', root, *OPTIONS, '--select', tmp_path / 'names.txt')
    assert code == 0
    (entry,) = read_list_file(root / 'folders.txt').entries
    assert entry.image == 'images/b.jpg'


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (('columbia',), '4cam_splc'),
        (('folder',), "no layout 'folder'"),
        (('folders', '--layout-options', 'prefix=m'), 'prefix'),
        (('folders', '--select', 'nowhere.txt'), 'nowhere.txt'),
    ],
)
def test_nothing_is_written(root, arguments, message):
    name, *rest = arguments
    code, _, errors = run(name, root, *rest)
    assert code == 2 and message in errors
    assert not list(root.glob('*.txt'))


def test_the_layouts_are_shown():
    code, output, _ = run('--layouts')
    assert code == 0
    assert 'casia_v2' in output and "collateral: 'forged'" in output
    code, _, errors = run('casia_v2')
    assert code == 2 and 'LAYOUT and ROOT are required' in errors
