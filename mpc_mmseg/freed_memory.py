"""What the C library does with freed memory: a third of a network's time on a CPU."""

import ctypes
import os
import platform


def keep_freed_memory() -> bool:
    """Makes glibc keep freed memory for what comes next, until the process ends.

    By default large tensors are mapped and unmapped one by one, and the kernel clears
    each of their pages every time: up to a third of the time of a network on a CPU.

    Returns:
        Whether it was done: not with another C library, nor where the user has set
        glibc's own environment variables (``MALLOC_...``, ``GLIBC_TUNABLES``).
    """
    chosen = any(name.startswith(('MALLOC_', 'GLIBC_TUNABLES')) for name in os.environ)
    if chosen or platform.libc_ver()[0] != 'glibc':
        return False
    mallopt = ctypes.CDLL(None).mallopt
    mmap_max, trim_threshold = -4, -1  # M_MMAP_MAX, M_TRIM_THRESHOLD of malloc.h
    return bool(mallopt(mmap_max, 0) and mallopt(trim_threshold, 2**31 - 1))
