"""Commands of two ranks: on NCCL where there are two GPUs, else on gloo."""

import os
import subprocess
import sys
from pathlib import Path

import torch
from free_port import free_port

ROOT = Path(__file__).parents[2]


def call(*command, cwd):
    """Runs a command, for instance of tools/dist_train.sh, which must succeed."""
    environment = {
        **os.environ,
        'PYTHONPATH': f'{ROOT}{os.pathsep}{Path(__file__).parent}',
        'OMP_NUM_THREADS': '1',
        'PYTHON': sys.executable,
        'PORT': str(free_port()),
    }
    if torch.cuda.device_count() < 2:
        environment['CUDA_VISIBLE_DEVICES'] = ''
    done = subprocess.run(
        [str(c) for c in command],
        cwd=cwd, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout
