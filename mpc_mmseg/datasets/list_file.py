"""List files: which images make up a data set, and the mask of each.

One image a line, its mask after a tab::

    # made by hand
    images/a.jpg<TAB>masks/a.png
    authentic/b.jpg<TAB>-

``-`` or no second column marks an authentic image. Lines that start with ``#`` are
comments; empty lines do not count. UTF-8; names may hold spaces.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

AUTHENTIC = '-'


class ListEntry(NamedTuple):
    """An image and its mask, as written in the list; mask None: authentic."""

    image: str
    mask: str | None = None


def read_list(path: str | os.PathLike) -> list[ListEntry]:
    """Read the entries of a list file.

    Args:
        path: The list file.

    Returns:
        The entries in the file's order, paths as they stand there.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a line has no image or more than two columns, or the file is
            not UTF-8 text; names the file and the line.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(f'no list file {os.fspath(path)}')
    try:
        text = Path(path).read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(f'{os.fspath(path)} is not UTF-8 text: {error}') from error
    entries = []
    for number, line in enumerate(text.split('\n'), start=1):
        if not line.strip() or line.startswith('#'):
            continue
        image, *rest = line.split('\t')
        if not image or len(rest) > 1:
            raise ValueError(
                f'{os.fspath(path)}, line {number}: expected "image<TAB>mask" or '
                f'"image", not {line!r}'
            )
        mask = rest[0] if rest else ''
        entries.append(ListEntry(image, None if mask in ('', AUTHENTIC) else mask))
    return entries


def write_list(
    path: str | os.PathLike,
    entries: Iterable[tuple[str, str | None]],
    header_lines: Iterable[str] = (),
) -> None:
    """Write a list file in one step: a reader sees the old file or the whole new one.

    Args:
        path: The list file; its folder is made where it is missing.
        entries: Image and mask of each line; mask None: authentic.
        header_lines: Comments for the top of the file, without ``#``.

    Raises:
        ValueError: If a name or header line would not be read back as it is.
    """
    lines = []
    for header in header_lines:
        if '\n' in header or '\r' in header:
            raise ValueError(f'a header line must be one line, not {header!r}')
        lines.append(f'# {header}'.rstrip())
    for image, mask in entries:
        for name in (image, mask):
            if name is not None:
                _check_name(name)
        lines.append(f'{image}\t{AUTHENTIC if mask is None else mask}')
    content = ''.join(f'{line}\n' for line in lines).encode()
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f'.{target.name}.{os.getpid()}')
    unfinished.write_bytes(content)
    os.replace(unfinished, target)


def _check_name(name: str) -> None:
    if not name.strip() or name == AUTHENTIC or name[0] in '#\ufeff':
        raise ValueError(f'{name!r} cannot stand in a list file as a file name')
    if any(mark in name for mark in '\t\n\r'):
        raise ValueError(f'a tab or line break in the file name {name!r}')
