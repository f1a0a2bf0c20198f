import platform
import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys, torch
from mpc_mmseg.engine.kept_memory import keep_freed_memory
if sys.argv[1] == 'keep':
    assert keep_freed_memory()
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        a, b = torch.ones(2**24), torch.ones(2**24)  # 64 MiB each
        del a, b
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason='it is for glibc')
def test_freed_blocks_are_used_again():
    given_back, kept = (
        int(
            subprocess.run(
                [sys.executable, '-c', SCRIPT, choice],
                check=True,
                capture_output=True,
                text=True,
            ).stdout.split()[-1]
        )
        for choice in ('leave', 'keep')
    )
    assert kept < given_back / 10
