"""One line of a list file: an image, its mask, its source photographs, its tags."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

#: What stands in a column that has no value; as a mask: authentic.
NOTHING = '-'
_COLUMNS = 'image<TAB>mask<TAB>groups<TAB>tags'
_TAG = re.compile('[a-z0-9][a-z0-9._-]*')


class ListEntry(NamedTuple):
    """An image of a list.

    Attributes:
        image: Path as written in the list.
        mask: Path of the mask; None: the image is authentic.
        groups: The photographs that it was made of, as ``collection/id``
            (``coco/000000391895``). Images that share one belong to the same side
            of a split, so ids are compared as text between lists, too.
        tags: Such as ``splice``, ``copy-move``, ``removal``, ``ai``, or the data set
            that it came from, by which a list repeats images.
    """

    image: str
    mask: str | None = None
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """The paths that the entry names."""
        return (self.image,) if self.mask is None else (self.image, self.mask)


def parse_line(line: str) -> ListEntry:
    """The entry of a line; columns after the image may be missing.

    Raises:
        ValueError: If the image is missing, there are more than four columns, or a tag
            is none.
    """
    image, *rest = line.split('\t')
    if not image or len(rest) > 3:
        raise ValueError(
            f'expected "{_COLUMNS}", or fewer of these columns, not {line!r}'
        )
    mask = None if not rest or rest[0] in ('', NOTHING) else rest[0]
    if len(rest) < 2:
        return ListEntry(image, mask)
    entry = ListEntry(image, mask, _split(rest[1]), _split(''.join(rest[2:])))
    for tag in entry.tags:
        check_tag(tag)
    return entry


def format_line(entry: ListEntry) -> str:
    """The one way to write an entry: empty columns at the end are left out.

    The mask's column is always present: it is empty for an authentic image.
    """
    columns = [entry.image, NOTHING if entry.mask is None else entry.mask]
    if entry.groups or entry.tags:
        columns.append(','.join(entry.groups) or NOTHING)
    if entry.tags:
        columns.append(','.join(entry.tags))
    return '\t'.join(columns)


def check_entry(entry: ListEntry) -> None:
    """Make sure that an entry would be read back as it is.

    Raises:
        ValueError: If not; names the path, group or tag.
    """
    for name in entry.files:
        if not name.strip() or name == NOTHING or name[0] in '#\ufeff':
            raise ValueError(f'{name!r} cannot stand in a list file as a file name')
        if any(mark in name for mark in '\t\n\r'):
            raise ValueError(f'a tab or line break in the file name {name!r}')
    _check_strings('groups', entry.groups)
    _check_strings('tags', entry.tags)
    for group in entry.groups:
        unfit = not group or group != group.strip() or group == NOTHING
        if unfit or any(mark in group for mark in '\t\n\r,'):
            raise ValueError(
                f'{group!r} cannot stand in a list file as a source group: no commas, '
                f'tabs, line breaks or spaces around it (image {entry.image})'
            )
    for tag in entry.tags:
        check_tag(tag)


def check_tag(tag: str) -> None:
    """Raise a ValueError unless this can be a tag."""
    if not _TAG.fullmatch(tag):
        raise ValueError(
            f'{tag!r} is no tag: small letters, digits, "-", "_" and "." only'
        )


def _check_strings(name: str, values: Iterable[str]) -> None:
    if isinstance(values, str):
        raise ValueError(f'{name} must be a tuple of names, not {values!r}')


def _split(text: str) -> tuple[str, ...]:
    return () if text in ('', NOTHING) else tuple(text.split(','))
