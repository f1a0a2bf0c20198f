"""The images of a data set with the paths of their files, and what is wrong with them.

Problems are collected before training starts and reported together.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from mmengine.utils import is_abs

from mpc_mmseg.datasets.io.find_images import Problem, find_images
from mpc_mmseg.datasets.io.image_io import ImageReadError, read_header
from mpc_mmseg.datasets.transforms.loading import size_mismatch

from .list_file import ListEntry, ListFile

#: Default folders below a data root, and what a mask's name may add to its image's.
FOLDERS = {
    'img_path': 'images',
    'seg_map_path': 'masks',
    'authentic_path': 'authentic',
}
MASK_SUFFIXES = ('', '_gt', '_mask')

#: Kind of problem -> what to do about it.
ADVICE = {
    'missing folder': "add it, or set its data_prefix to '' to leave that part out",
    'folder without images': "add some, or set its data_prefix to '' to leave it out",
    'missing mask': 'add the mask under the same name, or move the image to the '
    'folder of authentic images',
    'mask without image': 'add the image, or move the mask away',
    'ambiguous mask': 'give each image one mask of the same name',
    'missing file': 'correct the list (tab between columns, paths below data_root) '
    'or add the file',
    'listed twice': 'keep one line; to weight a set, wrap it in RepeatDataset',
    'unreadable file': 'fetch or export it again, or move it away',
    'mask of another size': 'masks must match the upright images pixel by pixel',
}


def folder_entries(
    folders: Mapping[str, str], mask_suffixes: Sequence[str] = MASK_SUFFIXES
) -> tuple[list[ListEntry], list[Problem]]:
    """Forged images paired with their masks by name, then authentic ones.

    Args:
        folders: Paths by the keys of ``FOLDERS``; some may be missing.
        mask_suffixes: What a mask's name may add to its image's, in order of
            preference.
    """
    images: dict[str, list[tuple[str, str]]] = defaultdict(list)
    problems: list[Problem] = []
    for argument, folder in folders.items():
        images[argument], found = find_images(folder)
        problems += found
    entries: list[ListEntry] = []
    forged, masks = images['img_path'], images['seg_map_path']
    if forged and masks:
        entries, unpaired = _pair_by_name(forged, masks, mask_suffixes)
        problems += unpaired
    entries += [ListEntry(path) for _, path in images['authentic_path']]
    return entries, problems


def _pair_by_name(
    images: list[tuple[str, str]],
    masks: list[tuple[str, str]],
    mask_suffixes: Sequence[str],
) -> tuple[list[ListEntry], list[Problem]]:
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


def list_entries(
    found: ListFile, root: str, look: bool = True
) -> tuple[list[ListEntry], list[Problem]]:
    """The entries of a list with paths that can be opened.

    Args:
        found: The list.
        root: The folder where its relative paths start.
        look: Whether to check that the files exist; entries whose files are missing
            are left out.
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
        problems += [('missing file', _absent(path)) for path in sorted(absent)]
        entries = [entry for entry in entries if absent.isdisjoint(entry.files)]
    return entries, problems


def _absent(path: str) -> str:
    there = '\\' in path and os.path.isfile(path.replace('\\', '/'))
    return f'{path!r}' + (
        ' (written with / instead of \\, it is there)' if there else ''
    )


def _join(root: str, path: str) -> str:
    return path if is_abs(path) else os.path.join(root, path)


def check_headers(pairs: Iterable[ListEntry]) -> list[Problem]:
    """Read the size of every file: unreadable files, masks of another size."""
    # Threads hide the latency of network disks; local files gain little.
    with ThreadPoolExecutor(8) as pool:
        return list(chain.from_iterable(pool.map(_header_problems, pairs)))


def _header_problems(pair: ListEntry) -> list[Problem]:
    problems, sizes = [], []
    for path in pair.files:
        try:
            sizes.append(read_header(path))
        except ImageReadError as error:
            problems.append(('unreadable file', str(error)))
    if pair.mask is not None and len(sizes) == 2 and sizes[0] != sizes[1]:
        text = size_mismatch(pair.image, sizes[0], pair.mask, sizes[1])
        problems.append(('mask of another size', text))
    return problems


def report(problems: Sequence[Problem], show: int = 10) -> str:
    """All problems by kind: the count, the first few, and what to do."""
    lines = []
    for kind, advice in ADVICE.items():
        texts = sorted(text for key, text in problems if key == kind)
        if texts:
            lines.append(f'{kind} ({len(texts)}): {advice}.')
            lines += [f'  {text}' for text in texts[:show]]
            if len(texts) > show:
                lines.append(f'  and {len(texts) - show} more')
    return '\n'.join(lines)
