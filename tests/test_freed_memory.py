"""Memory that a process on a CPU keeps."""

import os
import platform
import subprocess
import sys

import pytest

from mpc_mmseg.freed_memory import keep_freed_memory

# Resident memory in MB after a tensor of 256 MB was made and dropped.
PROBE = """
import sys
import torch
from mpc_mmseg.freed_memory import keep_freed_memory
if sys.argv[1] == 'keep':
    assert keep_freed_memory()
torch.ones(64, 2**20)
print(int(open('/proc/self/statm').read().split()[1]) * 4096 / 2**20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason='a setting of glibc')
def test_freed_memory_stays_with_the_process():
    kept, returned = (
        float(
            subprocess.run(
                [sys.executable, '-c', PROBE, mode],
                capture_output=True,
                text=True,
                check=True,
                env={
                    **{k: v for k, v in os.environ.items() if 'MALLOC' not in k},
                    'OMP_NUM_THREADS': '1',
                },
            ).stdout.splitlines()[-1]
        )
        for mode in ('keep', 'default')
    )
    assert kept > returned + 200


def test_the_user_s_own_settings_of_malloc_stay(monkeypatch):
    monkeypatch.setenv('MALLOC_ARENA_MAX', '2')
    assert not keep_freed_memory()
