"""Files that are whole or not there: written aside, then renamed.

A killed process leaves what was there before. Only checkpoints of a run are also
forced onto the disk, against a power cut: see `engine/checkpoints/checkpoint_files.py`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_aside(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Gives a path to write to, which becomes the file if nothing goes wrong.

    Args:
        path: The file; its folder is made where it is missing.

    Yields:
        A path beside it, another one in each process.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f'{path.name}.{os.getpid()}.partial')
    try:
        yield aside
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def write_whole(
    path: str | os.PathLike[str], content: str | bytes | memoryview
) -> None:
    """Writes a file so that a reader never meets half of it.

    Args:
        path: The file.
        content: Of the file; text is written as UTF-8, line breaks as they are.
    """
    with written_aside(path) as aside:
        aside.write_bytes(content.encode() if isinstance(content, str) else content)
