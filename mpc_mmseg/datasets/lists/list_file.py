"""List files: which images make up a data set or protocol, and the mask of each.

One image a line, columns parted by tabs, below a header::

    # forgery list 1
    # name: casia2-train
    # version: 1
    # counts: 1 forged, 1 authentic
    # repeat: splice x40
    # sha256: 5f2c...
    # any other line that starts with # is a comment
    images/a.jpg<TAB>masks/a.png<TAB>casia2/ani_00001,casia2/pla_00005<TAB>splice
    authentic/b.jpg<TAB>-<TAB>casia2/nat_00009

The columns are image, mask, the photographs that the image was made of (parted by
commas), and tags (likewise). ``-`` stands for nothing; as a mask: authentic. Columns
at the end may be left out. Paths use ``/`` and start at the data root or, without one,
at the list's folder. UTF-8; names may hold spaces. The hash is
:func:`~mpc_mmseg.datasets.lists.list_header.entries_hash`.

A list without the first line is a plain one: it has no header and nothing to verify.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mpc_mmseg.atomic_files import write_whole

from .list_entry import ListEntry, check_entry, format_line, parse_line
from .list_header import (
    FIRST_LINE,
    Declared,
    ListHeader,
    check_comment,
    check_repeats,
    count,
    entries_hash,
    format_header,
    parse_header,
)

__all__ = [
    'ListEntry',
    'ListFile',
    'ListHeader',
    'read_list',
    'read_list_file',
    'write_list',
]


@dataclass(frozen=True)
class ListFile:
    """A list file's header and entries, paths as they stand there.

    Attributes:
        header: None for a plain list.
        entries: In the file's order.
        comments: All lines with ``#`` that do not belong to the header.
    """

    header: ListHeader | None
    entries: list[ListEntry]
    comments: list[str]

    @cached_property
    def sha256(self) -> str:
        """The content hash; a plain list has one, too."""
        return entries_hash(self.entries, self.header.repeats if self.header else {})

    def repeat_of(self, entry: ListEntry) -> int:
        """How often an epoch of training draws an entry."""
        repeats = self.header.repeats if self.header else {}
        return next((repeats[tag] for tag in entry.tags if tag in repeats), 1)


def read_list(path: str | os.PathLike) -> list[ListEntry]:
    """The entries of a list file; as :func:`read_list_file`."""
    return read_list_file(path).entries


def read_list_file(path: str | os.PathLike, verify: bool = True) -> ListFile:
    """Read a list file, and verify it against its header.

    Args:
        path: The list file.
        verify: Whether counts and hash must be those of the entries. Off for the tool
            that writes them again.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a line cannot be read, the file is not UTF-8 text, or it was
            edited below a header that still describes the old entries; names the file,
            and the line or what to do.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(f'no list file {os.fspath(path)}')
    try:
        text = Path(path).read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(f'{os.fspath(path)} is not UTF-8 text: {error}') from error
    head: list[str] = []
    comments: list[str] = []
    entries: list[ListEntry] = []
    for number, line in enumerate(text.split('\n'), start=1):
        line = line.removesuffix('\r')
        if line.startswith('#'):
            (comments if entries else head).append(line)
        elif line.strip():
            try:
                entries.append(parse_line(line))
            except ValueError as error:
                raise ValueError(f'{os.fspath(path)}, line {number}: {error}') from None
    comments = [line[1:].strip() for line in comments]
    if not head or head[0].rstrip() != FIRST_LINE:
        return ListFile(None, entries, [line[1:].strip() for line in head] + comments)
    try:
        header, declared, above = parse_header(head)
        if verify:
            check_repeats(header.repeats, entries)
    except ValueError as error:
        raise ValueError(f'{os.fspath(path)}: {error}') from None
    found = ListFile(header, entries, above + comments)
    if verify:
        _verify(path, found, declared)
    return found


def write_list(
    path: str | os.PathLike,
    entries: Iterable[tuple],
    comments: Iterable[str] = (),
    header: ListHeader | None = None,
) -> None:
    """Write a list file atomically.

    Args:
        path: The list file; its folder is made where it is missing.
        entries: ``ListEntry``, or tuples (image, mask, groups, tags) of which the last
            two, or three, may be left out; mask None: authentic.
        comments: Lines such as where the list comes from, without ``#``.
        header: What the list is; counts and hash are added. Without one, a plain list.

    Raises:
        ValueError: If something would not be read back as it is, or a repeat factor
            applies to no image or an image has two.
    """
    named = [ListEntry(*entry) for entry in entries]
    for entry in named:
        check_entry(entry)
    lines = format_header(header, named) if header else []
    for comment in comments:
        check_comment(comment)
        lines.append(f'# {comment}'.rstrip())
    lines += map(format_line, named)
    write_whole(path, ''.join(f'{line}\n' for line in lines))


def _verify(path: str | os.PathLike, found: ListFile, declared: Declared) -> None:
    name, counts = os.fspath(path), count(found.entries)
    if counts != declared.counts:
        what = (
            f'{counts[0]} forged and {counts[1]} authentic images, its header states '
            f'{declared.counts[0]} and {declared.counts[1]}'
        )
    elif found.sha256 != declared.sha256:
        what = (
            f'other entries than those that its header was written for (sha256 '
            f'{found.sha256[:12]}, not {declared.sha256[:12]})'
        )
    else:
        return
    raise ValueError(
        f'{name} has {what}. If it was edited on purpose, give it a new version: '
        f'python tools/dataset_converters/rehash_list.py {name} --version VERSION'
    )
