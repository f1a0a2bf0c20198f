import contextlib
import io
import json
import runpy
import sys
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
PREPARE = ROOT / 'tools' / 'demo' / 'prepare_photographs.py'
MAKE = ROOT / 'tools' / 'dataset_converters' / 'make_forgeries.py'


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def run(script, *arguments):
    """Run a script as its own main program, in this process to save its imports."""
    output, errors, code = io.StringIO(), io.StringIO(), 0
    with (
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
        mock.patch.object(sys, 'argv', [str(script), *map(str, arguments)]),
    ):
        try:
            runpy.run_path(str(script), run_name='__main__')
        except SystemExit as stop:
            # what the interpreter does with a message
            code = stop.code if isinstance(stop.code, int) else 1
            print(stop.code, file=sys.stderr)
    return Done(code, output.getvalue(), errors.getvalue())


@pytest.fixture(scope='module')
def demo(tmp_path_factory):
    out = tmp_path_factory.mktemp('demo') / 'photographs'
    done = run(PREPARE, '--out', out)
    assert done.returncode == 0, done.stderr
    return out


def test_prepare_photographs(demo):
    listed = json.loads((demo / 'photographs.json').read_text(encoding='utf-8'))
    assert [len(listed['train']), len(listed['test'])] == [11, 5]
    stems = [Path(each['file']).stem for split in listed.values() for each in split]
    assert len(set(stems)) == 16
    for split, entries in listed.items():
        on_disk = {f'{split}/{path.name}' for path in (demo / split).iterdir()}
        assert on_disk == {each['file'] for each in entries}
        colours = 0
        for entry in entries:
            assert entry['origin'] and entry['licence'] and entry['title']
            pixels = np.asarray(Image.open(demo / entry['file']))
            assert min(pixels.shape[:2]) >= 256
            colours += pixels.ndim == 3
        assert colours >= 3
    assert run(PREPARE, '--out', demo).returncode == 0


def test_make_forgeries(demo, tmp_path):
    arguments = (
        *(demo / 'test', '--out', tmp_path / 'set', '--count', 4, '--authentic', 1),
        *('--size', 96, 128, '--preset', 'demo', '--kinds', 'copy-move', 'removal'),
        *('--recipe-options', 'area_range=0.05,0.1', 'part.noise_sigma=0,0.5'),
        *('--workers', 2),
    )
    done = run(MAKE, *arguments)
    assert done.returncode == 0, done.stderr
    assert '5 of them new' in done.stdout and '100%' in done.stderr
    lines = (tmp_path / 'set' / 'forgeries.jsonl').read_text().splitlines()
    records = [json.loads(each) for each in lines]
    assert [each['kind'] for each in records] == [
        *('copy_move', 'removal', 'copy_move', 'removal', 'authentic')
    ]
    assert 0.05 <= records[0]['forged_share'] <= 0.1
    assert Image.open(tmp_path / 'set' / records[0]['image']).size == (128, 96)

    again = run(MAKE, *arguments)
    assert again.returncode == 0 and '0 of them new' in again.stdout
    other = run(MAKE, *arguments, '--seed', 1)
    assert other.returncode == 1
    assert (
        'make_forgeries:' in other.stderr
        and 'seed: 0 in the folder, 1 requested' in other.stderr
    )


def test_bad_input(demo, tmp_path):
    done = run(
        *(MAKE, demo / 'test', '--out', tmp_path / 'set', '--count', 1),
        *('--recipe-options', 'part.nose=1'),
    )
    assert done.returncode == 1 and "'part.nose'" in done.stderr
    assert not (tmp_path / 'set').exists()


@pytest.mark.parametrize('script', [PREPARE, MAKE])
def test_help(script):
    done = run(script, '--help')
    assert done.returncode == 0
    assert '--out' in done.stdout and script.name in done.stdout


def test_patches_and_gallery(demo, tmp_path):
    arguments = (
        *(MAKE, demo / 'test', '--out', tmp_path / 'set', '--count', 2, '--gallery'),
        *('--size', 96, 96, '--preset', 'varied', '--kinds', 'ai-patch', 'text'),
    )
    done = run(*arguments)
    assert done.returncode == 1 and 'a folder of patches' in done.stderr
    done = run(*arguments, '--patches', demo / 'train')
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / 'set' / 'forgeries.jsonl').read_text().splitlines()
    first, second = (json.loads(each) for each in lines)
    assert first['kind'] == 'ai_patch' and first['sources']['donor'].startswith(
        'train/'
    )
    assert second['kind'] == 'text' and second['parameters']['text']
    page = (tmp_path / 'set' / 'gallery.html').read_text(encoding='utf-8')
    assert page.count('<figure') == 2
