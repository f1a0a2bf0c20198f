"""Time and peak memory of a function, each in a fresh process.

A used process keeps memory and warm caches of what ran before.
"""

import multiprocessing
import os
import resource
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple


class Measured(NamedTuple):
    """Time and memory of a function."""

    seconds: float  # median of the repeats
    peak_mib: float  # highest resident memory above that before the first call


def _child(connection, prepare: Callable, args: tuple, calls: int, threads) -> None:
    import torch

    if threads:
        torch.set_num_threads(threads)
    # Libraries load code, start threads and allocate buffers on first use, which must
    # not be attributed to the function.
    x = torch.randn(256, 256, requires_grad=True)
    torch.bmm(x[None], x[None]).logsumexp(2).sum().backward()
    run = prepare(*args)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = []
    for _ in range(calls):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    connection.send((times, peak / 1024))


def _run(prepare: Callable, args: tuple, calls: int, threads: int | None):
    """Times and peak memory of ``calls`` calls in a new process."""
    context = multiprocessing.get_context('spawn')
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(
        target=_child, args=(sender, prepare, args, calls, threads)
    )
    process.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError:
        process.join()
        raise RuntimeError(
            f'{prepare.__name__}{args} ended with exit code {process.exitcode}'
        ) from None
    finally:
        process.join()


def median_seconds(
    prepare: Callable, args: tuple, repeats: int = 5, threads: int | None = None
) -> float:
    """Median time of ``prepare(*args)()`` in a fresh process, after one to warm up.

    Args and Raises: as of ``measure``.
    """
    times, _ = _run(prepare, args, repeats + 1, threads)
    return statistics.median(times[1:])


def peak_mib(prepare: Callable, args: tuple, threads: int | None = None) -> float:
    """Peak memory that ``prepare(*args)()`` adds to a fresh process.

    Args and Raises: as of ``measure``.
    """
    # glibc keeps freed memory; with this setting it returns larger blocks at once,
    # which is slower and therefore not used for the times.
    os.environ['MALLOC_MMAP_THRESHOLD_'] = str(2**16)
    try:
        return _run(prepare, args, 1, threads)[1]
    finally:
        del os.environ['MALLOC_MMAP_THRESHOLD_']


def measure(
    prepare: Callable, args: tuple, repeats: int = 5, threads: int | None = None
) -> Measured:
    """Measure ``prepare(*args)()`` in a fresh process.

    Args:
        prepare: Module-level function that builds the inputs and returns what is
            measured; its own memory and time do not count.
        args: Its arguments, picklable.
        repeats: Calls whose median is taken, after one to warm up.
        threads: torch's threads; None: its default.

    Raises:
        RuntimeError: If the process fails, out of memory for instance.
    """
    seconds = median_seconds(prepare, args, repeats, threads)
    return Measured(seconds, peak_mib(prepare, args, threads))
