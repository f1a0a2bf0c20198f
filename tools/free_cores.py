"""No more threads than cores that other processes leave free.

The threads of an OpenMP region wait for the last one. If another process shares a core
with one of them, all wait: two threads on two cores are then slower than one. Measured
in docs/benchmarks.md.
"""

import os
import sys
import time
from pathlib import Path


def idle_cores(seconds: float) -> float:
    """How many cores are idle, on average over a time (Linux)."""

    def ticks() -> int:
        fields = Path('/proc/stat').read_text().split(maxsplit=6)
        return int(fields[4]) + int(fields[5])  # idle, and idle while a disk works

    before, begin = ticks(), time.monotonic()
    time.sleep(seconds)
    spent = (ticks() - before) / os.sysconf('SC_CLK_TCK')
    return spent / (time.monotonic() - begin)


def own_cores() -> int:
    """Cores that this process may use; two hardware threads of a core count once."""
    topology = '/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list'
    allowed = os.sched_getaffinity(0)
    try:
        return len({Path(topology.format(cpu)).read_text() for cpu in allowed})
    except OSError:
        return len(allowed)


def leave_busy_cores(seconds: float = 0.2) -> None:
    """Set OMP_NUM_THREADS to the number of free cores, at least 1, and print it.

    To be called before torch is imported. Nothing changes if all cores are free, if the
    variable is set, or without /proc/stat.
    """
    if 'OMP_NUM_THREADS' in os.environ or not os.path.isfile('/proc/stat'):
        return
    cores = own_cores()
    threads = max(1, min(cores, round(idle_cores(seconds))))
    if threads < cores:
        os.environ['OMP_NUM_THREADS'] = str(threads)
        print(
            f'Other processes are busy: {threads} of {cores} cores '
            '(OMP_NUM_THREADS chooses another number)',
            file=sys.stderr,
        )
