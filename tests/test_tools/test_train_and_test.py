"""The tools as a user runs them, each in a process of its own."""

import hashlib
import json
import multiprocessing
import os
import runpy
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

ROOT = Path(__file__).parents[2]


def call(*command, cwd, ok=True):
    environment = {
        **os.environ,
        'PYTHONPATH': str(ROOT),
        'OMP_NUM_THREADS': '1',
        'PYTHON': sys.executable,
    }
    done = subprocess.run(
        [str(c) for c in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode == 0) == ok, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def tool(name, *arguments, cwd, ok=True, code=None):
    """Run a tool in a fork of this process, which has imported everything."""
    output = cwd / 'output.txt'
    process = multiprocessing.get_context('fork').Process(
        target=run_script, args=(ROOT / 'tools' / name, arguments, cwd, output)
    )
    process.start()
    process.join(300)
    text = output.read_text()
    if code is None:
        assert (process.exitcode == 0) == ok, text[-6000:]
    else:
        assert process.exitcode == code, text[-6000:]
    return text


def run_script(path, arguments, cwd, output):
    """Become ``python PATH ARGUMENTS`` in a folder; all that it prints is kept."""
    file = output.open('w', buffering=1)  # open to the end: a traceback goes there
    for number in (1, 2):
        os.dup2(file.fileno(), number)
    sys.stdout = sys.stderr = file
    os.chdir(cwd)
    sys.argv = [str(path), *map(str, arguments)]
    sys.path.insert(0, str(path.parent))
    runpy.run_path(str(path), run_name='__main__')


@pytest.fixture
def config_file(tiny_config, tmp_path):
    path = tmp_path / 'tiny.py'
    tiny_config.log_level = 'INFO'
    tiny_config.dump(path)
    return path


def test_both_phases_then_scores_of_each(config_file, tmp_path, forgery_folder):
    log = tool('train.py', config_file, cwd=tmp_path)
    assert 'Phase contrast' in log and 'Phase localize' in log
    # What fills screens is in the log file alone.
    before = log[: log.index('Iter(train)')].splitlines()
    assert len([line for line in before if '- mmengine -' in line]) <= 10
    assert 'System environment' not in log and 'Hooks will be' not in log
    kept = next((tmp_path / 'work').glob('*/*.log')).read_text()
    assert 'System environment' in kept and 'Hooks will be' in kept
    work = tmp_path / 'work'
    for name in ('contrast_end.pth', 'iter_7.pth'):
        out = tmp_path / name
        said = tool(
            'test.py', config_file, work / name, '--json', out / 's.json',
            '--per-image', out / 'images.jsonl', '--out', out / 'maps',
            '--work-dir', out, '--results', out / 'r.json', cwd=tmp_path,
        )  # fmt: skip
        assert 'warn' not in said.lower()
        scores = json.loads((out / 's.json').read_text())
        assert 0 <= scores['data/F1'] <= 1
        results = json.loads((out / 'r.json').read_text())
        assert results['datasets']['data']['scores']
        digest = hashlib.sha256((work / name).read_bytes()).hexdigest()
        origin = results['origin']
        assert origin['weights_sha256'] == digest
        assert origin['config_differences'] == {} and 'differs' not in said
        assert origin['phase'] == ('localize' if 'iter' in name else 'contrast')
        images = (out / 'images.jsonl').read_text().splitlines()
        maps = sorted((out / 'maps').rglob('*.png'))
        assert len(images) == len(maps) == 8
        line = json.loads(images[0])
        assert (line['weights_sha256'], line['threshold']) == (digest, 0.5)
        assert line['list_hash'] == results['list_hash']
        first = cv2.imread(str(maps[0]), cv2.IMREAD_UNCHANGED)
        assert first.dtype == 'uint16' and first.shape in [(48, 64), (64, 40)]
    # Alone, it is scored under its own config; another one is compared with that.
    alone = tmp_path / 'alone.json'
    said = tool('test.py', work / 'iter_7.pth', '--json', alone, cwd=tmp_path)
    assert json.loads(alone.read_text()).items() <= scores.items()
    assert 'differs' not in said
    assert list(tmp_path.glob('work_dirs/tiny*'))  # the name of the run's config
    said = tool(
        'test.py', config_file, work / 'iter_7.pth', '--results', tmp_path / 'r.json',
        '--cfg-options', 'test_dataloader.dataset.pipeline.1.scale=[16,16]',
        cwd=tmp_path,
    )  # fmt: skip
    stated = 'test_pipeline.1.scale: [64, 64] -> [16, 16]'
    assert -1 < said.find(stated) < said.find('Iter(test)')
    origin = json.loads((tmp_path / 'r.json').read_text())['origin']
    assert list(origin['config_differences']) == ['test_pipeline.1.scale']
    rng = np.random.default_rng(0)
    for i in range(4):  # a rate of 0.5 needs six of each
        photo = rng.integers(0, 256, (48, 64, 3), np.uint8)
        cv2.imwrite(str(forgery_folder / f'authentic/more_{i}.png'), photo)
    checkpoint, authentic = work / 'iter_7.pth', forgery_folder / 'authentic'
    kept = checkpoint.read_bytes()
    run = (
        'calibrate.py', checkpoint, '--forged', forgery_folder / 'images',
        '--authentic', authentic, '--out', tmp_path / 'c.json', '--device', 'cpu',
    )  # fmt: skip
    message = tool(*run, cwd=tmp_path, ok=False)
    assert 'needs 24 forged and 24 authentic images' in message
    copy = tmp_path / 'copy.pth'
    half = ('--false-alarm-rate', '0.5', '--checkpoint-out', copy)
    message = tool(*run, *half, cwd=tmp_path)
    assert 'held out: 3 forged and 3 authentic images' in message
    assert checkpoint.read_bytes() == kept
    meta = torch.load(copy, weights_only=True)['meta']
    assert meta['image_calibration']['n_forged'] == 3
    with_file = (checkpoint, '--calibration', tmp_path / 'c.json')
    for name, model in (('a', with_file), ('b', (copy,))):
        tool(
            'infer.py', authentic, '--out', tmp_path / name, '--device', 'cpu',
            '--model', *model, cwd=tmp_path,
        )  # fmt: skip
    a, b = ((tmp_path / n / 'results.jsonl').read_text() for n in 'ab')
    assert a == b and json.loads(a.splitlines()[0])['verdict']
    # A test needs no training data.
    (forgery_folder / 'images').rename(forgery_folder / 'moved')
    tool(
        'test.py', config_file, work / 'iter_7.pth', cwd=tmp_path,
        ok=False,
    )  # fmt: skip


def test_resuming_goes_on_and_an_empty_work_dir_begins(config_file, tmp_path):
    first = tool('train.py', config_file, '--resume', cwd=tmp_path)
    assert 'resumed epoch' not in first
    (tmp_path / 'work/last_checkpoint').write_text(str(tmp_path / 'work/iter_5.pth'))
    again = tool('train.py', config_file, '--resume', cwd=tmp_path)
    assert 'resumed epoch: 0, iter: 5' in again and 'Phase localize' in again


def test_an_earlier_run_is_not_trained_over(config_file, tmp_path, forgery_folder):
    work = tmp_path / 'work'
    tool('train.py', config_file, '--phases', 'contrast', cwd=tmp_path)
    kept = {path: path.read_bytes() for path in work.glob('*.pth')}
    log = tool('train.py', config_file, cwd=tmp_path, code=2)
    assert all(f'--{way}' in log for way in ('resume', 'work-dir', 'overwrite'))
    assert len(log.splitlines()) <= 2 and str(work) in log
    # Nothing is lost by a run that cannot start either.
    masks = forgery_folder / 'masks'
    masks.rename(forgery_folder / 'moved')
    tool('train.py', config_file, '--overwrite', cwd=tmp_path, code=2)
    (forgery_folder / 'moved').rename(masks)
    assert {path: path.read_bytes() for path in work.glob('*.pth')} == kept
    start = work / 'iter_4.pth'
    tool(
        'train.py', config_file, '--phases', 'localize', '--overwrite',
        '--load-from', start, cwd=tmp_path,
    )  # fmt: skip
    assert start.is_file() and not list(work.glob('best*iter_2.pth'))
    assert (work / 'iter_3.pth').is_file()
    log = tool(
        'train.py', config_file, '--phases', 'localize', '--resume', cwd=tmp_path
    )
    assert 'All 3 iterations of this run are done' in log


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        (['--load-from', 'none.pth'], 'there is no file none.pth'),
        (['--data-root', 'none'], 'there is no folder none'),
        (['--resume', 'data/x', '--load-from', 'y'], 'would not use --load-from'),
        (['--resume', '--overwrite'], 'give one'),
        (['--cfg-options', 'model.backbone.type=Missing'], 'Missing'),
        (['--cfg-options', 'model.neck.width=3'], "argument 'width'"),
        (['--cfg-options', 'phazes=3'], "no 'phazes'"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else '',
)
def test_errors_of_a_user_are_short(config_file, tmp_path, options, said):
    log = tool('train.py', config_file, *options, cwd=tmp_path, code=2)
    assert said in log and 'Traceback' not in log
    assert not (tmp_path / 'work').exists() or not list(tmp_path.glob('work/*.pth'))


def test_the_log_file_has_the_traceback(config_file, tmp_path, forgery_folder):
    for image in (forgery_folder / 'images').iterdir():
        image.unlink()
    log = tool('train.py', config_file, cwd=tmp_path, code=2)
    assert 'folder without images' in log and 'Traceback' not in log
    file = log.rpartition('traceback: ')[2].strip(')\n')
    assert 'Traceback' in (tmp_path / file).read_text()


def test_phases_are_chosen_on_the_command_line(config_file, tmp_path):
    log = tool('train.py', config_file, '--phases', 'contrast', cwd=tmp_path)
    assert 'Phases (iterations): contrast (4)' in log and 'Phase localize' not in log
    start = tmp_path / 'work/iter_4.pth'
    meta = torch.load(start, weights_only=True)['meta']
    assert meta['mpc_phases'] == ['contrast']
    assert Config.fromstring(meta['cfg'], '.py').phases == ['contrast']
    log = tool(
        'train.py', config_file, '--phases', 'localize', '--load-from', start,
        '--work-dir', tmp_path / 'localize', cwd=tmp_path,
    )  # fmt: skip
    assert 'Phase contrast' not in log
    assert (tmp_path / 'localize/iter_3.pth').is_file()
    dumped = Config.fromfile(tmp_path / 'localize/tiny.py')
    assert (dumped.phases, dumped.model.phase) == (['localize'], 'localize')
    # The config's own phases are not those of the run that is resumed.
    log = tool('train.py', config_file, '--resume', start, cwd=tmp_path, ok=False)
    assert 'of a run of the phases contrast, this run trains contrast,localize' in log
    log = tool('train.py', config_file, '--phases', 'joint', cwd=tmp_path, ok=False)
    assert "phases = ['joint']" in log and 'contrast, localize' in log


def test_a_wrong_checkpoint_ends_the_test_with_the_names(config_file, tmp_path):
    wrong = tmp_path / 'wrong.pth'
    torch.save({'state_dict': {'backbone.x': torch.zeros(1)}}, wrong)
    message = tool('test.py', config_file, wrong, cwd=tmp_path, ok=False)
    assert 'backbone.x' in message and 'wrong.pth' in message


@pytest.mark.parametrize(
    'name',
    [
        'calibrate.py',
        'train.py',
        'test.py',
        'infer.py',
        'dataset_converters/split_by_source.py',
    ],
)
def test_help_reads(name, tmp_path):
    text = tool(name, '--help', cwd=tmp_path)
    assert 'usage:' in text and 'python tools/' in text


@pytest.mark.parametrize(
    'name', ['dist_train.sh', 'dist_test.sh', 'slurm_train.sh', 'slurm_test.sh']
)
def test_scripts_without_arguments_say_how(name, tmp_path):
    text = call(ROOT / 'tools' / name, cwd=tmp_path, ok=False)
    assert 'CONFIG' in text
