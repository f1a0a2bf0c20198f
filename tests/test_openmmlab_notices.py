"""A start shows no message that needs no action."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.logging import MMLogger

from mpc_mmseg.openmmlab_notices import notices_left_out

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / 'configs/hrnet/mpc_hrnet-w18s_1xb8_demo-128x128.py'


def run(*arguments, cwd):
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def test_importing_is_silent_and_hides_no_warning_of_a_user(tmp_path):
    own = tmp_path / 'own.py'
    own.write_text(
        'import mpc_mmseg, warnings, torch\n'
        'print("imported")\n'
        'warnings.warn("Fail to import ``MultiScaleDeformableAttention``")\n'
        'torch.jit.script(torch.nn.Identity())\n'
    )
    before, after = run('-W', 'default', own, cwd=tmp_path).split('imported\n')
    # Printed by the maintained distribution's mmseg, of an optional package.
    assert set(before.splitlines()) <= {'Could not import OneDL'}
    assert 'own.py:3: UserWarning: Fail to import' in after
    assert '`torch.jit.script` is deprecated' in after


@pytest.fixture
def demo_data(tmp_path):
    """Two folders as the demo's, of two forged pictures and an authentic one each."""
    rng = np.random.default_rng(0)
    for side in ('train', 'test'):
        root = tmp_path / 'work_dirs/demo/data' / side
        for name in ('images', 'masks', 'authentic'):
            (root / name).mkdir(parents=True)
        mask = np.zeros((128, 128), np.uint8)
        mask[32:80, 40:90] = 255
        for i in range(3):
            photo = rng.integers(0, 255, (128, 128, 3), np.uint8)
            folder = 'authentic' if i == 2 else 'images'
            cv2.imwrite(str(root / folder / f'{side}{i}.png'), photo)
            if i < 2:
                cv2.imwrite(str(root / f'masks/{side}{i}.png'), mask)
    return tmp_path


def test_training_and_inference_warn_of_nothing(demo_data):
    tools = demo_data / 'two_tools.py'  # in one process, which imports once
    tools.write_text(
        'import runpy, sys\n'
        f'sys.path.insert(0, {str(ROOT / "tools")!r})\n'
        'def tool(name, *arguments):\n'
        '    sys.argv = [name, *arguments]\n'
        f'    runpy.run_path({str(ROOT)!r} + "/tools/" + name, None, "__main__")\n'
        'config, options = sys.argv[1], sys.argv[2:]\n'
        'tool("train.py", config, "--work-dir", "w", "--cfg-options", *options)\n'
        'tool("infer.py", "work_dirs/demo/data/test/images", "--model", "w/iter_2.pth",'
        ' "--out", "maps")\n'
    )
    output = run(
        tools, CONFIG, 'contrast_phase.max_iters=1', 'contrast_phase.val_interval=1',
        'localize_phase.max_iters=1', 'localize_phase.val_interval=1',
        'train_dataloader.batch_size=2', cwd=demo_data,
    )  # fmt: skip
    assert 'Phase localize' in output and '2 of 2 images' in output
    said = [line for line in output.splitlines() if 'warn' in line.lower()]
    assert said == [] and 'OneDL' not in output


def test_only_the_named_notices_are_kept_out_of_the_log():
    logger = MMLogger.get_instance('notices', log_level='WARNING')
    seen = []
    logger.handlers[0].emit = lambda record: seen.append(record.getMessage())
    with notices_left_out():
        logger.warning('"FileClient" will be deprecated in future. Please use io')
        logger.warning('the FileClient of mine')
    logger.warning('"FileClient" will be deprecated in future. Please use io')
    assert [line[:10] for line in seen] == ['the FileCl', '"FileClien']
