"""Images and masks of folders, paired by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from .dataset_problems import Problem
from .list_file import ListEntry


def pair_by_name(
    images: list[tuple[str, str]],
    masks: list[tuple[str, str]],
    mask_suffixes: Sequence[str],
) -> tuple[list[ListEntry], list[Problem]]:
    """Give each image the mask of its name, and report the names that do not match.

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
