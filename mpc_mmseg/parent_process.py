"""Worker processes that end with the process that started them."""

import ctypes
import os
import signal
import sys
import threading
import time

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux


def end_with_parent(parent: int) -> None:
    """Ends this process when its parent has ended, even if that one was killed.

    Call it first in a worker. Linux sends a signal at once; elsewhere a thread looks
    every second.

    Args:
        parent: The parent's process id.
    """
    if sys.platform == 'linux':
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # it ended before
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
