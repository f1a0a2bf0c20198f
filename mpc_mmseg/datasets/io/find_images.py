"""The images of a folder and its sub-folders."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

from .walk import walk

if TYPE_CHECKING:
    from mpc_mmseg.datasets.lists.dataset_problems import Problem

SUFFIXES = (
    '.jpg .jpeg .jpe .jfif .png .bmp .tif .tiff .webp .gif .ppm .pgm .jp2 .avif .heic'
)


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
        from mmengine.logging import print_log  # a second, for a message

        message = f'{folder}: leaving out files that are no images: {dict(others)}'
        print_log(message, logger='current')
    return sorted(found), []
