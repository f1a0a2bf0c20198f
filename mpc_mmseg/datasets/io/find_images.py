"""The files and the images below a folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator

SUFFIXES = (
    '.jpg .jpeg .jpe .jfif .png .bmp .tif .tiff .webp .gif .ppm .pgm .jp2 .avif .heic'
)

# JPEG, PNG, GIF, WebP and TIFF.
_SIGNATURES = (b'\xff\xd8\xff', b'\x89PNG', b'GIF8', b'RIFF', b'II*\0', b'MM\0*')
# Files by which a folder of results is recognised.
_RESULTS = ('results.jsonl', 'settings.json')
#: What is wrong, and with which file.
Problem = tuple[str, str]


def walk(
    folder: str | os.PathLike[str], wanted: Callable[[str], bool] = lambda path: True
) -> Iterator[tuple[str, list[str]]]:
    """Visit a folder and its sub-folders, following links to folders.

    A folder that several links lead to is visited once, by the first of its paths in
    sorted order, so loops of links end. A folder that cannot be read is an OSError.

    Args:
        folder: Where to start.
        wanted: Whether to visit the sub-folder of this path.

    Yields:
        The path of a folder, and the sorted names of its files.
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
    """All images in a folder and below, sorted: (name without suffix, path).

    A file without a suffix counts if its content begins as an image. Hidden files,
    files that are not images and folders of earlier results are left out and logged.
    """
    if not os.path.isdir(folder):
        return [], [('missing folder', folder)]
    found, others = [], Counter[str]()

    def wanted(path: str) -> bool:
        is_result = all(os.path.isfile(os.path.join(path, f)) for f in _RESULTS)
        others['folder of earlier results'] += is_result
        return not is_result

    for parent, files in walk(folder, wanted):
        inside = os.path.relpath(parent, folder)
        for file in files:
            name, suffix = os.path.splitext(file)
            path = os.path.join(parent, file)
            is_image = suffix.lower() in SUFFIXES.split()
            if file.startswith('.'):
                others['hidden image'] += is_image
            elif is_image or (not suffix and _begins_as_image(path)):
                found.append((os.path.join(inside, name), path))
            else:
                others[suffix.lower() or 'no suffix'] += 1
    others = +others
    if not found:
        return [], [('folder without images', f'{folder} {dict(others) or ""}')]
    if others:
        # Imported here because it takes a second.
        from mmengine.logging import print_log

        message = f'{folder}: left out: {dict(others)}'
        print_log(message, logger='current')
    return sorted(found), []


def _begins_as_image(path: str) -> bool:
    if not os.path.isfile(path):  # a pipe would block
        return False
    with open(path, 'rb') as file:
        return file.read(4).startswith(_SIGNATURES)
