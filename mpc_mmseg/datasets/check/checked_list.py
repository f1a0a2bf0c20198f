"""A list or folder on its way through the check: entries, defects, facts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from mpc_mmseg.datasets.io.find_images import find_images
from mpc_mmseg.datasets.lists.dataset_entries import folder_entries, list_entries
from mpc_mmseg.datasets.lists.list_file import ListEntry, read_list_file

from .defect import KINDS, Defect
from .measure import Facts

_FOLDERS = {
    'img_path': 'images',
    'seg_map_path': 'masks',
    'authentic_path': 'authentic',
}
_MASK_SUFFIXES = ('', '_gt', '_mask')


@dataclass
class CheckedList:
    """What is known of one list.

    Attributes:
        name: Differs from the names of the other lists.
        entries: With paths that can be opened; those without their files are left out.
        defects: What is wrong with the list itself.
        facts: One for each entry, once they are measured.
    """

    name: str
    entries: list[ListEntry]
    defects: list[Defect] = field(default_factory=list)
    facts: list[Facts] = field(default_factory=list)


def open_lists(paths: Sequence[str], data_root: str | None = None) -> list[CheckedList]:
    """Read lists and folders.

    Args:
        paths: List files; folders with images/, masks/ and authentic/, of which either
            the first two or the last may lack; or folders of authentic images.
        data_root: What the paths in lists start at; None: each list's own folder.

    Raises:
        FileNotFoundError: If there is no such list or folder.
        ValueError: If a list cannot be read, or nothing is listed.
    """
    names = _names(paths)
    return [_open(path, name, data_root) for path, name in zip(paths, names)]


def _open(path: str, name: str, data_root: str | None) -> CheckedList:
    if os.path.isdir(path):
        entries, problems = _open_folder(path)
    else:
        found = read_list_file(path)
        root = data_root or os.path.dirname(path)
        entries, problems = list_entries(found, root)
    if not entries and not problems:
        raise ValueError(f'{path} names no image')
    defects = []
    for kind, text in problems:
        # The data set reports this in more words; folders are paired by name.
        known = kind if kind in KINDS else 'unpaired file'
        detail = text if known == kind else f'{kind}: {text}'
        defects.append(Defect(known, name, detail))
    return CheckedList(name, entries, defects)


def _open_folder(path: str) -> tuple[list[ListEntry], list[tuple[str, str]]]:
    inside = {key: os.path.join(path, part) for key, part in _FOLDERS.items()}
    there = {key: folder for key, folder in inside.items() if os.path.isdir(folder)}
    if 'img_path' in there and 'seg_map_path' in there:
        return folder_entries(there, _MASK_SUFFIXES)
    if set(there) == {'authentic_path'}:
        return folder_entries(there, _MASK_SUFFIXES)
    if there:
        raise ValueError(
            f'{path} has {", ".join(os.path.basename(f) for f in there.values())}/ but '
            'not both images/ and masks/'
        )
    images, problems = find_images(path)
    return [ListEntry(image) for _, image in images], problems


def _names(paths: Sequence[str]) -> list[str]:
    """The last part of each path, or all of it where two are the same."""
    short = [
        os.path.splitext(os.path.basename(os.path.abspath(path)))[0] for path in paths
    ]
    return [
        name if short.count(name) == 1 else path for name, path in zip(short, paths)
    ]
