"""Atomic writing: a temporary file is written beside the target, then renamed.

A killed process leaves the former file. Only checkpoints of a run are also flushed to
the disk, against a power cut: see `engine/checkpoints/checkpoint_files.py`.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path, renamed to ``path`` unless an error is raised.

    Args:
        path: The target; a missing folder is created.

    Yields:
        The path of an empty file in the same folder, with a random name: others who may
        write to the folder can plant no link in its place.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f'{path.name}.{secrets.token_hex(8)}.partial')
    temporary.touch(exist_ok=False)
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        if error.errno and error.filename is None:  # such as that of a full disk
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_atomic(
    path: str | os.PathLike[str], content: str | bytes | memoryview
) -> None:
    """Write a file atomically: readers see the former file or the complete new one.

    Args:
        path: The file; a missing folder is created.
        content: Its content. Text is written as UTF-8, with unchanged line breaks.
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
