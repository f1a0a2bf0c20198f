"""Images and masks of folders, paired by name."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Sequence

from mmengine.logging import print_log

from .dataset_problems import Problem
from .list_file import ListEntry

SUFFIXES = (
    '.jpg .jpeg .jpe .jfif .png .bmp .tif .tiff .webp .gif .ppm .pgm .jp2 .avif .heic'
)


def find_images(folder: str) -> tuple[list[tuple[str, str]], list[Problem]]:
    """All images in a folder and below, sorted: (name without suffix, path)."""
    if not os.path.isdir(folder):
        return [], [('missing folder', folder)]
    found, others = [], Counter[str]()
    for parent, _, files in os.walk(folder, onerror=_raise, followlinks=True):
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
        message = f'{folder}: leaving out files that are no images: {dict(others)}'
        print_log(message, logger='current')
    return sorted(found), []


def pair_by_name(
    images: list[tuple[str, str]],
    masks: list[tuple[str, str]],
    mask_suffixes: Sequence[str],
) -> tuple[list[ListEntry], list[Problem]]:
    """Give each image the mask of its name, and say which names do not fit.

    Args:
        images: (name, path) as :func:`find_images` gives them.
        masks: Likewise.
        mask_suffixes: What a mask's name may add, in order of preference.
    """
    by_name: dict[str, list[str]] = defaultdict(list)
    for name, path in masks:
        by_name[name].append(path)
    pairs, problems, users = [], [], defaultdict(list)
    for name, path in images:
        match = next((name + s for s in mask_suffixes if name + s in by_name), None)
        if match is None:
            problems.append(('missing mask', path))
        else:
            users[match].append(path)
            pairs.append(ListEntry(path, by_name[match][0]))
    for name, paths in by_name.items():
        if name not in users:
            problems += [('mask without image', path) for path in paths]
        elif len(paths) > 1 or len(users[name]) > 1:
            fitting = ', '.join(users[name])
            problems.append(('ambiguous mask', f'{", ".join(paths)}: {fitting}'))
    return pairs, problems


def _raise(error: OSError) -> None:
    raise error
