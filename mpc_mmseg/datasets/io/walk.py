"""The files below a folder, each real folder once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator


def walk(
    folder: str | os.PathLike[str], wanted: Callable[[str], bool] = lambda path: True
) -> Iterator[tuple[str, list[str]]]:
    """Walk through a folder and its sub-folders, following links to folders.

    A folder that several links lead to is visited once, by the first of its paths in
    sorted order, so that a loop of links ends.

    Args:
        folder: Where to start.
        wanted: Whether a sub-folder of a path is visited.

    Yields:
        The path of a folder, and the sorted names of its files.

    Raises:
        OSError: If a folder cannot be read; names it.
    """
    seen = {_identity(folder)}
    for parent, folders, files in os.walk(folder, onerror=_raise, followlinks=True):
        kept = []
        for name in sorted(folders):
            path = os.path.join(parent, name)
            if wanted(path) and (identity := _identity(path)) not in seen:
                seen.add(identity)
                kept.append(name)
        folders[:] = kept
        yield parent, sorted(files)


def _identity(path: str | os.PathLike[str]) -> tuple[int, int]:
    about = os.stat(path)
    return about.st_dev, about.st_ino


def _raise(error: OSError) -> None:
    raise error
