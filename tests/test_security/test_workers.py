"""Workers end with the process that started them, however that one ends."""

import os
import signal
import subprocess
import sys
import time

import pytest

SCRIPT = """
import multiprocessing, os, time
from concurrent.futures import ProcessPoolExecutor
from mpc_mmseg.parent_process import end_with_parent

if __name__ == '__main__':
    context = multiprocessing.get_context('fork')
    with ProcessPoolExecutor(2, context, end_with_parent, (os.getpid(),)) as pool:
        jobs = [pool.submit(os.getpid) for _ in range(8)]
        print(*{job.result() for job in jobs}, flush=True)
        pool.submit(time.sleep, 600)
        time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != 'linux', reason='elsewhere a thread looks')
@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_is_left(tmp_path, number):
    file = tmp_path / 'parent.py'
    file.write_text(SCRIPT)
    parent = subprocess.Popen(
        [sys.executable, file],
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            'MPC_MMSEG_LAZY': '1',
            'PYTHONPATH': os.pathsep.join(sys.path),
        },
    )
    workers = [int(word) for word in parent.stdout.readline().split()]
    assert workers
    parent.send_signal(number)
    parent.wait(60)
    for _ in range(600):
        if not any(_runs(worker) for worker in workers):
            return
        time.sleep(0.1)
    raise AssertionError(f'{workers} are left')


def _runs(process):
    try:
        with open(f'/proc/{process}/stat') as file:
            return file.read().rpartition(')')[2].split()[0] != 'Z'
    except (FileNotFoundError, ProcessLookupError):
        return False
