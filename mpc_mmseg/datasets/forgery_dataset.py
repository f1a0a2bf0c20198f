"""The data set of forged and authentic images."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from .io.mask_coding import check_coding
from .lists.dataset_entries import (
    FOLDERS,
    MASK_SUFFIXES,
    Problem,
    check_headers,
    folder_entries,
    list_entries,
    report,
)
from .lists.list_file import ListEntry, read_list_file


@DATASETS.register_module()
class ForgeryDataset(BaseSegDataset):
    """Forged images with masks, and authentic images without.

    Either folders, read with their sub-folders::

        data_root/images/x.jpg       forged
        data_root/masks/x.png        its mask: same name, any image suffix
        data_root/authentic/y.jpg    authentic, no mask

    or a list file (:mod:`mpc_mmseg.datasets.lists.list_file`) whose paths start at
    ``data_root``, or without one at the list's own folder. Where its header repeats
    images, training draws them that often; a test reads each once. All problems with
    the data are reported together, before training starts.

    Args:
        ann_file: A list file, relative to ``data_root``; '': folders.
        data_root: The folder where relative paths start.
        data_prefix: The folders ``img_path`` (forged), ``seg_map_path`` (masks) and
            ``authentic_path``. Without ``authentic_path`` (left out, or '') only forged
            images are used; without the other two only authentic ones. A list file
            needs none.
        dataset_name: The name in reports of scores; by default that of the list file
            or of the last folder in ``data_root``.
        mask_suffixes: Suffixes that a mask's name may add to the name of its image,
            in order of preference.
        mask_coding: What the levels of all mask files of the data set mean; a key of
            :data:`~mpc_mmseg.datasets.io.mask_coding.CODINGS`.
        allow_empty_truth: Accept masks of forged images that mark no pixel as forged.
        check: 'header' reads the size of every file (0.1 ms each); 'names' only checks
            that listed files exist; 'none' trusts the list. Names in folders must pair
            up in any case.
        kwargs: As of mmseg's BaseSegDataset, without suffixes and reduce_zero_label.

    Raises:
        FileNotFoundError: If files or folders are missing and nothing else is wrong.
        ValueError: If anything else is wrong with the data, or an argument is invalid.
    """

    METAINFO: dict = {
        'classes': ('authentic', 'forged'),
        'palette': [[0, 0, 0], [255, 0, 0]],
    }

    def __init__(
        self,
        ann_file: str = '',
        data_root: str | None = None,
        data_prefix: Mapping[str, str | None] = FOLDERS,
        dataset_name: str | None = None,
        mask_suffixes: Sequence[str] = MASK_SUFFIXES,
        mask_coding: str = 'auto',
        allow_empty_truth: bool = False,
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
        check_coding(mask_coding)
        folders = {key: path for key, path in data_prefix.items() if path}
        if unknown := folders.keys() - FOLDERS.keys():
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
        self.mask_coding = mask_coding
        self.allow_empty_truth = allow_empty_truth
        #: Hash of the entries of the list, if it has a header.
        self.protocol_sha256: str | None = None
        self.dataset_name = dataset_name or _default_name(ann_file, data_root, folders)
        super().__init__(
            ann_file=ann_file, data_root=data_root, data_prefix=folders, **kwargs
        )

    @classmethod
    def get_label_map(cls, new_classes: Sequence | None = None) -> None:
        """No relabelling: loaded masks are 0 and 1, whatever their coding."""
        if new_classes is not None and tuple(new_classes) != cls.METAINFO['classes']:
            raise ValueError(
                f'the classes are {cls.METAINFO["classes"]}, not {tuple(new_classes)}'
            )

    def load_data_list(self) -> list[dict]:
        """The samples, forged before authentic for folders, in the order of a list."""
        if self.ann_file:
            entries, problems = self._from_list()
        else:
            entries, problems = folder_entries(self.data_prefix, self.mask_suffixes)
        if self.check == 'header':
            problems += check_headers(dict.fromkeys(entries))
        if problems:
            missing = all(kind.startswith('missing') for kind, _ in problems)
            raise (FileNotFoundError if missing else ValueError)(
                f'data set {self.dataset_name!r} cannot be used.\n{report(problems)}'
            )
        return [
            {
                'img_path': entry.image,
                'seg_map_path': entry.mask,
                'mask_coding': self.mask_coding,
                'allow_empty_truth': self.allow_empty_truth,
                'label_map': self.label_map,
                'reduce_zero_label': self.reduce_zero_label,
                'seg_fields': [],
                'dataset_name': self.dataset_name,
                'forged': entry.mask is not None,
                'source_groups': entry.groups,
                'tags': entry.tags,
            }
            for entry in entries
        ]

    def _from_list(self) -> tuple[list[ListEntry], list[Problem]]:
        found = read_list_file(self.ann_file)
        if not found.entries:
            raise ValueError(f'the list file {self.ann_file} lists no image')
        if found.header is not None:
            self.protocol_sha256 = found.sha256
        root = self.data_root or os.path.dirname(self.ann_file)
        entries, problems = list_entries(found, root, look=self.check != 'none')
        if not self.test_mode:
            entries = [e for e in entries for _ in range(found.repeat_of(e))]
        return entries, problems


def _default_name(ann_file: str, data_root: str | None, folders: dict) -> str:
    if ann_file:
        return os.path.splitext(os.path.basename(ann_file))[0]
    folder = data_root or os.path.dirname(next(iter(folders.values())))
    return os.path.basename(os.path.abspath(folder))
