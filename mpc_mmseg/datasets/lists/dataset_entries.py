"""The images of a data set with the paths of their files, from folders or a list."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence

from mmengine.utils import is_abs

from mpc_mmseg.datasets.io.find_images import find_images

from .dataset_problems import Problem
from .folder_pairs import pair_by_name
from .list_file import ListEntry, ListFile


def folder_entries(
    folders: Mapping[str, str], mask_suffixes: Sequence[str]
) -> tuple[list[ListEntry], list[Problem]]:
    """Forged images paired with their masks by name, then authentic ones.

    Args:
        folders: Paths by ``img_path``, ``seg_map_path`` and ``authentic_path``; what is
            not there is left out.
        mask_suffixes: What a mask's name may add to its image's, best first.
    """
    images: dict[str, list[tuple[str, str]]] = {}
    problems: list[Problem] = []
    for argument, folder in folders.items():
        images[argument], found = find_images(folder)
        problems += found
    entries: list[ListEntry] = []
    if images.get('img_path') and images.get('seg_map_path'):
        entries, unpaired = pair_by_name(
            images['img_path'], images['seg_map_path'], mask_suffixes
        )
        problems += unpaired
    entries += [ListEntry(path) for _, path in images.get('authentic_path', [])]
    return entries, problems


def list_entries(
    found: ListFile, root: str, look: bool = True
) -> tuple[list[ListEntry], list[Problem]]:
    """The entries of a list with paths that can be opened.

    Args:
        found: The list.
        root: What its relative paths start at.
        look: Whether to ask if the files exist; entries without theirs are left out.
    """
    entries = [
        entry._replace(
            image=_join(root, entry.image),
            mask=None if entry.mask is None else _join(root, entry.mask),
        )
        for entry in found.entries
    ]
    counts = Counter(os.path.normpath(entry.image) for entry in entries)
    problems = [('listed twice', path) for path, n in counts.items() if n > 1]
    if look:
        files = dict.fromkeys(path for entry in entries for path in entry.files)
        absent = {path for path in files if not os.path.isfile(path)}
        problems += [('missing file', repr(path)) for path in sorted(absent)]
        entries = [entry for entry in entries if absent.isdisjoint(entry.files)]
    return entries, problems


def _join(root: str, path: str) -> str:
    return path if is_abs(path) else os.path.join(root, path)
