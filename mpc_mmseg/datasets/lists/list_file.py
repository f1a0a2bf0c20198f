"""List files: the images of a data set or protocol, and the mask of each.

One image per line, tabs between the columns, below a header::

    # forgery list 1
    # name: casia2-train
    # version: 1
    # counts: 1 forged, 1 authentic
    # repeat: splice x40
    # sha256: 5f2c...
    # any other line that starts with # is a comment
    images/a.jpg<TAB>masks/a.png<TAB>casia2/ani_00001,casia2/pla_00005<TAB>splice
    authentic/b.jpg<TAB>-<TAB>casia2/nat_00009

The columns are image, mask, the source photographs of the image (separated by commas),
and tags (likewise). ``-`` is an empty column; as a mask: authentic. Columns at the end
may be left out. Paths use ``/`` and start at the data root or, without one, at the
list's folder. UTF-8; names may contain spaces. The hash is
:func:`~mpc_mmseg.datasets.lists.list_format.entries_hash`.

A list without the first line is a plain one: it has no header and nothing to verify.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from mpc_mmseg.atomic_files import write_atomic

from .list_format import (
    FIRST_LINE,
    ListEntry,
    ListHeader,
    check_comment,
    check_entry,
    check_repeats,
    count,
    entries_hash,
    format_header,
    format_line,
    parse_header,
    parse_line,
)


@dataclass(frozen=True)
class ListFile:
    """A list file's header and entries, with paths as written.

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


def read_list_file(path: str | os.PathLike, verify: bool = True) -> ListFile:
    """Read a list file, and verify it against its header.

    Args:
        path: The list file.
        verify: Whether counts and hash must be those of the entries. Off for
            :func:`rehash`, which computes them again.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If a line cannot be read, the file is not UTF-8 text, or it was
            edited below a header that still describes the old entries.
    """
    label = os.fspath(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(f'no list file {label}')
    try:
        text = Path(path).read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(f'{label} is not UTF-8 text: {error}') from error
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
                raise ValueError(f'{label}, line {number}: {error}') from None
    comments = [line[1:].strip() for line in comments]
    if not head or head[0].rstrip() != FIRST_LINE:
        return ListFile(None, entries, [line[1:].strip() for line in head] + comments)
    try:
        header, stated_counts, stated_sha256, above = parse_header(head)
        if verify:
            check_repeats(header.repeats, entries)
    except ValueError as error:
        raise ValueError(f'{label}: {error}') from None
    found, counts = ListFile(header, entries, above + comments), count(entries)
    if verify and counts != stated_counts:
        difference = (
            f'{counts[0]} forged and {counts[1]} authentic images, its header states '
            f'{stated_counts[0]} and {stated_counts[1]}'
        )
    elif verify and found.sha256 != stated_sha256:
        difference = (
            f'other entries than those that its header was written for (sha256 '
            f'{found.sha256[:12]}, not {stated_sha256[:12]})'
        )
    else:
        return found
    raise ValueError(
        f'{label} has {difference}. If it was edited on purpose, give it a new '
        'version: python tools/dataset_converters/rehash_list.py '
        f'{label} --version VERSION'
    )


def write_list(
    path: str | os.PathLike,
    entries: Iterable[tuple],
    comments: Iterable[str] = (),
    header: ListHeader | None = None,
) -> None:
    """Write a list file atomically.

    Args:
        path: The list file; a missing folder is created.
        entries: ``ListEntry``, or tuples of its attributes.
        comments: Lines without ``#``, such as where the list comes from.
        header: Counts and hash are added to it. None: a plain list.

    Raises:
        ValueError: If an entry or a comment would not be read back unchanged, a repeat
            factor applies to no image, or an image has two.
    """
    named = [ListEntry(*entry) for entry in entries]
    for entry in named:
        check_entry(entry)
    lines = format_header(header, named) if header else []
    for comment in comments:
        check_comment(comment)
        lines.append(f'# {comment}'.rstrip())
    lines += map(format_line, named)
    write_atomic(path, ''.join(f'{line}\n' for line in lines))


def rehash(
    path: str | os.PathLike, version: str | None = None, name: str | None = None
) -> str:
    """Write the header of an edited list again, or give one to a plain list.

    Comments between the entries move above them.

    Args:
        path: The list file.
        version: The new version; None: unchanged, if the entries are unchanged.
        name: The new name; None: unchanged.

    Returns:
        A line for the terminal.

    Raises:
        ValueError: If the entries changed and the version did not, or a plain list
            gets no name or version.
    """
    found = read_list_file(path, verify=False)
    label = os.fspath(path)
    if found.header is None:
        if not (name and version):
            raise ValueError(f'{label} is a plain list: give it a name and a version')
        header = ListHeader(name, version)
    else:
        old = found.header
        header = replace(old, name=name or old.name, version=version or old.version)
        if header == old:
            try:
                read_list_file(path)
            except ValueError as error:
                raise ValueError(
                    f'{label}: its entries are no longer those of {old.name!r}, '
                    f'version {old.version!r}; give it a new version'
                ) from error
    write_list(path, found.entries, found.comments, header)
    return f'{label}: {header.name}, version {header.version}, sha256 {found.sha256}'
