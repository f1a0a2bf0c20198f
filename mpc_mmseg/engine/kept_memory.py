"""Freed memory kept by the process rather than given back to the system."""

import ctypes
import platform

# Of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def keep_freed_memory() -> bool:
    """Let the C library keep what is freed, for the tensors of the next step.

    glibc gives larger blocks back to the system at once and asks for them again. The
    system then fills them with zeros page by page, which took up to half of the time
    of the cheap passes of a training step on a CPU (docs/benchmarks.md). The process
    stays as large as it once was. What is torch's on a GPU is not touched.

    Returns:
        Whether it was done; other C libraries have other ways.
    """
    if platform.libc_ver()[0] != 'glibc':
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_M_MMAP_MAX, 0) and mallopt(_M_TRIM_THRESHOLD, 2**31 - 1))
