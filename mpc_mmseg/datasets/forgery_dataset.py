from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

from mmengine.logging import print_log
from mmengine.utils import is_abs
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from .image_io import ImageReadError, read_header
from .list_file import ListEntry, read_list
from .transforms.load_forgery_mask import size_mismatch

DATA_PREFIX = {
    'img_path': 'images',
    'seg_map_path': 'masks',
    'authentic_path': 'authentic',
}
SUFFIXES = '.jpg .jpeg .jpe .jfif .png .bmp .tif .tiff .webp .gif .ppm .pgm .jp2 .avif'

#: What can be wrong with a data set -> what to do about it.
ADVICE = {
    'missing folder': "add it, or set its data_prefix to '' to leave that part out",
    'folder without images': "add some, or set its data_prefix to '' to leave it out",
    'missing mask': 'add the mask under the same name, or move the image to the '
    'folder of authentic images',
    'mask without image': 'add the image, or move the mask away',
    'ambiguous mask': 'give each image one mask of the same name',
    'missing file': 'mend the list (a tab between columns, paths start at data_root), '
    'or add the file',
    'listed twice': 'keep one line; to weight a set, wrap it in RepeatDataset',
    'unreadable file': 'fetch or export it again, or move it away',
    'mask of another size': 'masks must match the upright images pixel by pixel',
}


Problem = tuple[str, str]  # a key of ADVICE, and which file


@DATASETS.register_module()
class ForgeryDataset(BaseSegDataset):
    """Forged images with masks, and authentic images without.

    Either folders, read with their sub-folders::

        data_root/images/x.jpg       forged
        data_root/masks/x.png        its mask: same name, any image suffix
        data_root/authentic/y.jpg    authentic, no mask

    or a list file (:mod:`mpc_mmseg.datasets.list_file`) whose paths start at
    ``data_root``, or without one at the list's own folder. All that is wrong with the
    data is reported at once, before training starts.

    Args:
        ann_file: A list file, relative to ``data_root``; '': folders.
        data_root: What relative paths start at.
        data_prefix: The folders ``img_path`` (forged), ``seg_map_path`` (masks) and
            ``authentic_path``. Leave out, or set to '', the last to use forged images
            only, the others to use authentic ones only. A list file needs none.
        dataset_name: What scores are reported under; by default the name of the list
            file or of the last folder in ``data_root``.
        mask_suffixes: What a mask's name may add to its image's, best first.
        check: 'header' opens every file as far as its size (0.1 ms each); 'names' only
            asks whether listed files exist; 'none' trusts the list. That the names in
            folders pair up is verified in any case.
        kwargs: mmseg's BaseSegDataset's, but for suffixes and reduce_zero_label.

    Raises:
        FileNotFoundError: If files or folders are missing and nothing else is wrong.
        ValueError: If anything else is wrong with the data, or an argument is.
    """

    METAINFO: dict = {
        'classes': ('authentic', 'forged'),
        'palette': [[0, 0, 0], [255, 0, 0]],
    }

    def __init__(
        self,
        ann_file: str = '',
        data_root: str | None = None,
        data_prefix: Mapping[str, str | None] = DATA_PREFIX,
        dataset_name: str | None = None,
        mask_suffixes: Sequence[str] = ('', '_gt', '_mask'),
        check: str = 'header',
        **kwargs: Any,
    ) -> None:
        if check not in ('header', 'names', 'none'):
            raise ValueError(
                f"check must be 'header', 'names' or 'none', not {check!r}"
            )
        if isinstance(mask_suffixes, str) or not mask_suffixes:
            raise ValueError(f'mask_suffixes must be a list, not {mask_suffixes!r}')
        fixed = {'img_suffix', 'seg_map_suffix', 'reduce_zero_label'} & kwargs.keys()
        if fixed:
            raise ValueError(f'ForgeryDataset does not take {sorted(fixed)}')
        folders = {key: path for key, path in data_prefix.items() if path}
        if unknown := folders.keys() - DATA_PREFIX.keys():
            raise ValueError(f'unknown folders in data_prefix: {sorted(unknown)}')
        if not ann_file and (
            not folders or ('img_path' in folders) != ('seg_map_path' in folders)
        ):
            raise ValueError(
                'data_prefix must name img_path and seg_map_path, or authentic_path, '
                f'or all, not {dict(data_prefix)}'
            )
        self.mask_suffixes = tuple(mask_suffixes)
        self.check = check
        self.dataset_name = dataset_name or _default_name(ann_file, data_root, folders)
        super().__init__(
            ann_file=ann_file, data_root=data_root, data_prefix=folders, **kwargs
        )

    @classmethod
    def get_label_map(cls, new_classes: Sequence | None = None) -> None:
        """No relabelling: masks are 0 and 1, whatever their coding."""
        if new_classes is not None and tuple(new_classes) != cls.METAINFO['classes']:
            raise ValueError(
                f'the classes are {cls.METAINFO["classes"]}, not {tuple(new_classes)}'
            )

    def load_data_list(self) -> list[dict]:
        """The samples, forged before authentic for folders, in the order of a list."""
        pairs, problems = self._from_list() if self.ann_file else self._from_folders()
        if self.check == 'header':
            problems += check_headers(pairs)
        if problems:
            missing = all(kind.startswith('missing') for kind, _ in problems)
            raise (FileNotFoundError if missing else ValueError)(
                f'data set {self.dataset_name!r} cannot be used.\n{report(problems)}'
            )
        return [
            {
                'img_path': pair.image,
                'seg_map_path': pair.mask,
                'label_map': self.label_map,
                'reduce_zero_label': self.reduce_zero_label,
                'seg_fields': [],
                'dataset_name': self.dataset_name,
                'forged': pair.mask is not None,
            }
            for pair in pairs
        ]

    def _from_folders(self) -> tuple[list[ListEntry], list[Problem]]:
        images: dict[str, list[tuple[str, str]]] = {}
        problems: list[Problem] = []
        for argument, folder in self.data_prefix.items():
            images[argument], found = find_images(folder)
            problems += found
        pairs: list[ListEntry] = []
        if images.get('img_path') and images.get('seg_map_path'):
            pairs, unpaired = pair_by_name(
                images['img_path'], images['seg_map_path'], self.mask_suffixes
            )
            problems += unpaired
        pairs += [ListEntry(path, None) for _, path in images.get('authentic_path', [])]
        return pairs, problems

    def _from_list(self) -> tuple[list[ListEntry], list[Problem]]:
        root = self.data_root or os.path.dirname(self.ann_file)
        entries = read_list(self.ann_file)
        if not entries:
            raise ValueError(f'the list file {self.ann_file} names no image')
        pairs = [
            ListEntry(_join(root, image), mask and _join(root, mask))
            for image, mask in entries
        ]
        counts = Counter(os.path.normpath(pair.image) for pair in pairs)
        problems = [('listed twice', p) for p, n in counts.items() if n > 1]
        if self.check != 'none':
            files = dict.fromkeys(path for pair in pairs for path in pair if path)
            absent = {path for path in files if not os.path.isfile(path)}
            problems += [('missing file', repr(path)) for path in sorted(absent)]
            pairs = [pair for pair in pairs if absent.isdisjoint(pair)]
        return pairs, problems


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


def check_headers(pairs: Iterable[ListEntry]) -> list[Problem]:
    """Open every file as far as its size: unreadable ones, masks that do not fit."""
    # Threads hide the latency of network disks; local files gain little.
    with ThreadPoolExecutor(8) as pool:
        return list(chain.from_iterable(pool.map(_header_problems, pairs)))


def _header_problems(pair: ListEntry) -> list[Problem]:
    problems, sizes = [], []
    for path in pair:
        if path is not None:
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


def _default_name(ann_file: str, data_root: str | None, folders: dict) -> str:
    if ann_file:
        return os.path.splitext(os.path.basename(ann_file))[0]
    folder = data_root or os.path.dirname(next(iter(folders.values())))
    return os.path.basename(os.path.abspath(folder))


def _join(root: str, path: str) -> str:
    return path if is_abs(path) else os.path.join(root, path)


def _raise(error: OSError) -> None:
    raise error
