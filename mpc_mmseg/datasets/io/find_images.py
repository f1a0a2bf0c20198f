"""The files and the images below a folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator

SUFFIXES = (
    '.jpg .jpeg .jpe .jfif .png .bmp .tif .tiff .webp .gif .ppm .pgm .jp2 .avif .heic'
)

#: What is wrong, and with which file.
Problem = tuple[str, str]


def walk(
    folder: str | os.PathLike[str], wanted: Callable[[str], bool] = lambda path: True
) -> Iterator[tuple[str, list[str]]]:
    """Visit a folder and its sub-folders, following links to folders.

    A folder that several links lead to is visited once, by the first of its paths in
    sorted order, so loops of links end.

    Args:
        folder: Where to start.
        wanted: Whether to visit the sub-folder of this path.

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


def find_images(folder: str) -> tuple[list[tuple[str, str]], list[Problem]]:
    """All images in a folder and below, sorted: (name without suffix, path)."""
    if not os.path.isdir(folder):
        return [], [('missing folder', folder)]
    found, others = [], Counter[str]()
    for parent, files in walk(folder):
        inside = os.path.relpath(parent, folder)
        for file in files:
            name, suffix = os.path.splitext(file)
            if suffix.lower() in SUFFIXES.split() and not file.startswith('.'):
                path = os.path.join(parent, file)
                found.append((os.path.join(inside, name), path))
            elif not file.startswith('.'):
                others[suffix.lower() or 'no suffix'] += 1
    if not found:
        return [], [('folder without images', f'{folder} {dict(others) or ""}')]
    if others:
        # Imported here because it takes a second.
        from mmengine.logging import print_log

        message = f'{folder}: leaving out files that are not images: {dict(others)}'
        print_log(message, logger='current')
    return sorted(found), []
