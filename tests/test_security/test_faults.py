"""Full disks, unusable folders, killed tools: one-line errors, nothing half-written."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from bright_is_forged import write_image
from mmseg.registry import MODELS
from tool_by_path import TOOLS, run_tool

resource = pytest.importorskip('resource', reason='limits of POSIX')
#: Files that grow line by line: their readers leave out an unfinished line.
#: Bytes of a file on the full disk: the first that is written is longer; later ones.
LIMITS = 48, 10_000
GROWING = ('results.jsonl', 'measured.jsonl')
TEMPORARY = ('.lock', '.partial')
COMMANDS = {
    'infer.py': '{photos} --model {model} --out {out} --resume --device cpu',
    'case_report.py': '{photos} --model {model} --out {out}',
    'dataset_converters/check_data.py': '{data} --out {out} --workers 0',
    'dataset_converters/make_forgeries.py': '{photos} --out {out} --count 2 '
    '--size 64 64',
    'robustness.py': '{config} {model} --grid jpeg_quality=50 --out {out} --device cpu',
    'calibrate.py': '{model} --forged {photos} --authentic {dark} --out {out}/a.json '
    '--checkpoint-out {out}/a.pth --false-alarm-rate 0.3 --device cpu',
    'publish_model.py': '{model} {out} --name a --terms free --card {card} --config '
    'mpc_hrnet-w18s_1xb8_demo-128x128',
    'report.py': '{results} --out {out}/page.html',
}


@pytest.fixture
def arguments(forgery_folder, tiny_config, tmp_path):
    """What the commands need, but their output folder."""
    rng = np.random.default_rng(0)
    for i in range(12):
        write_image(tmp_path / f'photos/{i}.png', i, (80, 90))
        (tmp_path / 'dark').mkdir(exist_ok=True)
        noise = rng.integers(0, 40 + 10 * i, (80, 90, 3)).astype(np.uint8)
        cv2.imwrite(str(tmp_path / f'dark/{i}.png'), noise)
    state = MODELS.build(tiny_config.model).state_dict()
    meta = dict(cfg=tiny_config.pretty_text, mpc_phase='localize')
    torch.save(dict(meta=meta, state_dict=state), tmp_path / 'w.pth')
    tiny_config.dump(tmp_path / 'config.py')
    (tmp_path / 'card.md').write_text('# A')
    record = dict(img_path='a', dataset='s', forged=False, image_score=0.5, tags=[])
    record |= dict(seg_map_path=None, scores={}, tp=0, fp=1, fn=0, tn=1)
    content = dict(
        format='mpc_mmseg.results', version=1, list_hash='x', conventions={},
        datasets={'s': dict(list_hash='x', scores={'F1': dict(value=0.5)})},
        images=[record],
    )  # fmt: skip
    (tmp_path / 'results.json').write_text(json.dumps(content))
    return dict(
        photos=tmp_path / 'photos',
        dark=tmp_path / 'dark',
        data=forgery_folder,
        config=tmp_path / 'config.py',
        model=tmp_path / 'w.pth',
        card=tmp_path / 'card.md',
        results=tmp_path / 'results.json',
    )


@contextmanager
def full_disk(limit):
    """No file can grow beyond some bytes; the error is another number's."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def run(monkeypatch, tool, arguments, out):
    words = COMMANDS[tool].format(**arguments, out=out).split()
    try:
        return run_tool(monkeypatch, tool, *words) or 0
    except SystemExit as ended:
        return ended.code


def check_files(out):
    """No file has a final name and half of its content."""
    for path in Path(out).rglob('*'):
        if path.is_dir() or path.name in GROWING or path.suffix in TEMPORARY:
            continue
        assert path.stat().st_size not in LIMITS, path
        if path.suffix == '.png':
            assert cv2.imread(str(path)) is not None, path
        elif path.suffix == '.json':
            json.loads(path.read_text())
        elif path.suffix == '.pth':
            assert zipfile.ZipFile(path).testzip() is None


@pytest.mark.parametrize('tool', COMMANDS)
def test_a_full_disk_and_an_unusable_folder(
    tool, arguments, tmp_path, monkeypatch, capsys
):
    (tmp_path / 'file').write_text('')
    out = tmp_path / 'out'
    for limit, folder in (
        (LIMITS[0], out),
        (LIMITS[1], out),
        (resource.RLIM_INFINITY, tmp_path / 'file' / 'out'),
    ):
        with full_disk(limit):
            status = run(monkeypatch, tool, arguments, folder)
        shown = capsys.readouterr().err
        assert 'Traceback' not in shown
        assert (status and shown.strip()) or limit == LIMITS[1]
        check_files(out)
    assert not [*out.rglob('*.partial')]
    status = run(monkeypatch, tool, arguments, out)
    assert status == 0, capsys.readouterr().err
    check_files(out)
    assert any(out.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize('tool', COMMANDS)
@pytest.mark.parametrize('name', ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'])
def test_a_killed_tool_leaves_nothing_half_written_and_resumes(
    tool, name, arguments, tmp_path, monkeypatch, capsys
):
    out = tmp_path / 'out'
    words = COMMANDS[tool].format(**arguments, out=out).split()
    environment = {**os.environ, 'PYTHONPATH': str(TOOLS.parent)}
    process = subprocess.Popen(
        [sys.executable, TOOLS / tool, *words],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    while process.poll() is None:
        if [*tmp_path.glob('out*/**/*')]:
            process.send_signal(getattr(signal, name))
            break
        time.sleep(0.001)
    shown = process.communicate(timeout=120)[1].decode()
    check_files(out)
    assert 'Error' not in shown, shown
    assert run(monkeypatch, tool, arguments, out) == 0, capsys.readouterr().err
    check_files(out)
    if tool == 'infer.py':
        lines = (out / 'results.jsonl').read_bytes().splitlines()
        found = [json.loads(line) for line in lines if line.endswith(b'}')]
        assert len({line['path'] for line in found}) == 12
