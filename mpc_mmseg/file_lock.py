"""A lock between processes that write the same files."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: processes that write at once are not kept apart
    fcntl = None  # type: ignore[assignment]


@contextmanager
def locked(path: str | os.PathLike[str], waiting: str) -> Iterator[None]:
    """Holds a lock; the system releases it when the process ends, however it ends.

    Args:
        path: The lock's file, which stays; a missing folder is created.
        waiting: Message if another process holds it, which may take a while.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, 'O_NOFOLLOW', 0)
    descriptor = os.open(path, flags, 0o666)
    try:
        if fcntl is not None:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(waiting, file=sys.stderr)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
