"""What docs/distributed.md says of FSDP: a phase in a run of its own trains."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_each_phase_in_a_run_of_its_own(tiny_config, tmp_path):
    if torch.cuda.is_available():
        pytest.skip('this is about machines without a GPU')
    tiny_config.dump(tmp_path / 'tiny.py')
    start: list = []
    for phase, last in (('contrast', 4), ('localize', 3)):
        work = tmp_path / phase
        done = subprocess.run(
            [
                sys.executable, '-m', 'torch.distributed.run', '--standalone',
                '--local-addr', '127.0.0.1', '--nproc_per_node', '2',
                str(Path(__file__).with_name('fsdp_run.py')),
                str(tmp_path / 'tiny.py'), phase, str(work), *start,
            ],
            cwd=tmp_path, capture_output=True, text=True, timeout=300,
            env={**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
        checkpoint = work / f'iter_{last}.pth'
        assert sorted(p.name for p in checkpoint.iterdir()) == [
            'rank0.pth',
            'rank1.pth',
        ]
        start = [str(checkpoint)]
