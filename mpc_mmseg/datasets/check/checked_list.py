"""A list or folder that is checked: entries, defects, facts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from mpc_mmseg.datasets.io.find_images import find_images
from mpc_mmseg.datasets.lists.dataset_entries import (
    FOLDERS,
    folder_entries,
    list_entries,
)
from mpc_mmseg.datasets.lists.list_file import ListEntry, read_list_file

from .defect import KINDS, Defect
from .measure import Facts


@dataclass
class CheckedList:
    """The entries of one list, and what the check found.

    Its name differs from those of other lists. Its entries are those whose files exist;
    each has facts once it is measured. The defects are those of the list itself.
    """

    name: str
    entries: list[ListEntry]
    defects: list[Defect] = field(default_factory=list)
    facts: list[Facts] = field(default_factory=list)


def open_lists(paths: Sequence[str], data_root: str | None = None) -> list[CheckedList]:
    """Read lists and folders.

    Args:
        paths: List files; folders with images/ and masks/, authentic/ or all three; or
            folders of authentic images.
        data_root: Where the paths in lists start; None: each list's own folder.
    """
    short = [
        os.path.splitext(os.path.basename(os.path.abspath(path)))[0] for path in paths
    ]
    return [
        _open(path, name if short.count(name) == 1 else path, data_root)
        for path, name in zip(paths, short)
    ]


def _open(path: str, name: str, data_root: str | None) -> CheckedList:
    if os.path.isdir(path):
        entries, problems = _open_folder(path)
    else:
        found = read_list_file(path)
        root = data_root or os.path.dirname(path)
        entries, problems = list_entries(found, root)
    if not entries and not problems:
        raise ValueError(f'{path} lists no image')
    defects = []
    for kind, text in problems:
        # ForgeryDataset has several kinds of unpaired files.
        known = kind if kind in KINDS else 'unpaired file'
        detail = text if known == kind else f'{kind}: {text}'
        defects.append(Defect(known, name, detail))
    return CheckedList(name, entries, defects)


def _open_folder(path: str) -> tuple[list[ListEntry], list[tuple[str, str]]]:
    inside = {key: os.path.join(path, part) for key, part in FOLDERS.items()}
    there = {key: folder for key, folder in inside.items() if os.path.isdir(folder)}
    if {'img_path', 'seg_map_path'} <= there.keys() or [*there] == ['authentic_path']:
        return folder_entries(there)
    if there:
        raise ValueError(
            f'{path} has {", ".join(FOLDERS[key] for key in there)}/ but not both '
            'images/ and masks/'
        )
    images, problems = find_images(path)
    return [ListEntry(image) for _, image in images], problems
