"""The lines of a list file: one for each image, and those of the header above them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mpc_mmseg.hashing import sha256

FIRST_LINE = '# forgery list 1'
#: Fills a column without a value; as a mask: authentic.
NOTHING = '-'
_COLUMNS = 'image<TAB>mask<TAB>groups<TAB>tags'
_TAG = re.compile('[a-z0-9][a-z0-9._-]*')
_KEYS = ('name', 'version', 'counts', 'repeat', 'sha256')
_COUNTS = re.compile(r'(\d+) forged, (\d+) authentic')
_REPEAT = re.compile(r'(\S+) x(\d+)')


class ListEntry(NamedTuple):
    """An image of a list.

    Attributes:
        image: Path as written in the list.
        mask: Path of the mask; None: the image is authentic.
        groups: Source photographs of the image, as ``collection/id``
            (``coco/000000391895``). Images that share one belong to the same side
            of a split, so ids are compared as text between lists as well.
        tags: Such as ``splice``, ``copy-move``, ``removal``, ``ai``, or the data set
            that the image comes from. A list repeats images by their tags.
    """

    image: str
    mask: str | None = None
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """The paths that the entry names."""
        return (self.image,) if self.mask is None else (self.image, self.mask)


@dataclass(frozen=True)
class ListHeader:
    """The header of a list file.

    Attributes:
        name: The protocol's name.
        version: Lists of one name and version hold the same images.
        repeats: Tag -> how often an epoch of training draws each image that has it;
            other images are drawn once.
    """

    name: str
    version: str
    repeats: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key in ('name', 'version'):
            text = getattr(self, key)
            if not text or text != text.strip() or len(text.splitlines()) != 1:
                raise ValueError(f'{key} must be one line of text, not {text!r}')
        for tag, times in self.repeats.items():
            check_tag(tag)
            if isinstance(times, bool) or not isinstance(times, int) or times < 1:
                raise ValueError(
                    f'repeats[{tag!r}] must be a positive integer, not {times!r}'
                )


def parse_line(line: str) -> ListEntry:
    """The entry of a line, or a ValueError; columns after the image may be missing."""
    image, *rest = line.split('\t')
    if not image or len(rest) > 3:
        raise ValueError(
            f'expected "{_COLUMNS}", or fewer of these columns, not {line!r}'
        )
    mask, groups, tags = [
        '' if text == NOTHING else text for text in (*rest, '', '', '')[:3]
    ]
    entry = ListEntry(image, mask or None, _split(groups), _split(tags))
    for tag in entry.tags:
        check_tag(tag)
    return entry


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split(',')) if text else ()


def format_line(entry: ListEntry) -> str:
    """The one way to write an entry: after the mask, no empty columns at the end."""
    columns = [entry.image, NOTHING if entry.mask is None else entry.mask]
    if entry.groups or entry.tags:
        columns.append(','.join(entry.groups) or NOTHING)
    if entry.tags:
        columns.append(','.join(entry.tags))
    return '\t'.join(columns)


def check_entry(entry: ListEntry) -> None:
    """Raise a ValueError unless an entry would be read back unchanged."""
    for name in entry.files:
        if not name.strip() or name == NOTHING or name[0] in '#\ufeff':
            raise ValueError(f'{name!r} cannot be a file name in a list file')
        if any(mark in name for mark in '\t\n\r'):
            raise ValueError(f'a tab or line break in the file name {name!r}')
    for key in ('groups', 'tags'):
        if isinstance(values := getattr(entry, key), str):
            raise ValueError(f'{key} must be a tuple of names, not {values!r}')
    for group in entry.groups:
        unfit = not group or group != group.strip() or group == NOTHING
        if unfit or any(mark in group for mark in '\t\n\r,'):
            raise ValueError(
                f'{group!r} cannot be a source group in a list file: no commas, '
                f'tabs, line breaks or spaces around it (image {entry.image})'
            )
    for tag in entry.tags:
        check_tag(tag)


def check_tag(tag: str) -> None:
    """Raise a ValueError unless this is a valid tag."""
    if not _TAG.fullmatch(tag):
        raise ValueError(
            f'{tag!r} is not a tag: lower-case letters, digits, "-", "_" and "." only'
        )


def check_comment(text: str) -> None:
    """Raise a ValueError unless this is one line and not a line of the header."""
    if len(text.splitlines()) > 1 or text.endswith(('\n', '\r')):
        raise ValueError(f'a header line must be one line, not {text!r}')
    if text.partition(':')[0] in _KEYS or f'# {text}' == FIRST_LINE:
        raise ValueError(f'a comment cannot start like a line of the header: {text!r}')


def check_repeats(repeats: Mapping[str, int], entries: Iterable[ListEntry]) -> None:
    """Raise a ValueError unless each factor applies, and at most one to an image."""
    unused = set(repeats)
    for entry in entries if repeats else ():
        own = [tag for tag in entry.tags if tag in repeats]
        if len(own) > 1:
            raise ValueError(f'{entry.image} has two tags with repeat factors: {own}')
        unused.difference_update(own)
    if unused:
        raise ValueError(f'no image has the repeated tag {min(unused)!r}')


def count(entries: Iterable[ListEntry]) -> tuple[int, int]:
    """The number of forged and of authentic images."""
    kinds = Counter(entry.mask is None for entry in entries)
    return kinds[False], kinds[True]


def entries_hash(entries: Iterable[ListEntry], repeats: Mapping[str, int]) -> str:
    """SHA-256 of the entries and repeat factors of a list.

    The hash is over the UTF-8 text of the lines ``repeat: TAG xN`` (sorted, without
    ``#``) and then of all entries in their order, each as :func:`format_line` writes
    it and each ended by one line feed. Name, version and comments do not count, so a
    renamed copy is recognised; nor do a checkout's line endings.
    """
    lines = [*_repeat_lines(repeats), *map(format_line, entries)]
    return sha256(''.join(f'{line}\n' for line in lines).encode())


def format_header(header: ListHeader, entries: Sequence[ListEntry]) -> list[str]:
    """The lines of a header over these entries."""
    check_repeats(header.repeats, entries)
    forged, authentic = count(entries)
    lines = [
        f'name: {header.name}',
        f'version: {header.version}',
        f'counts: {forged} forged, {authentic} authentic',
        *_repeat_lines(header.repeats),
        f'sha256: {entries_hash(entries, header.repeats)}',
    ]
    return [FIRST_LINE, *(f'# {line}' for line in lines)]


def _repeat_lines(repeats: Mapping[str, int]) -> list[str]:
    return [f'repeat: {tag} x{times}' for tag, times in sorted(repeats.items())]


def parse_header(
    lines: Sequence[str],
) -> tuple[ListHeader, tuple[int, int], str, list[str]]:
    """The header in the lines with ``#`` before the first entry, or a ValueError.

    Returns:
        The header; the counts and the hash that it states for the entries below it;
        and the comments among its lines.
    """
    values: dict[str, list[str]] = {key: [] for key in _KEYS}
    comments = []
    for line in lines[1:]:
        text = line[1:].strip()
        key, separator, value = text.partition(':')
        if separator and key in values:
            values[key].append(value.strip())
        else:
            comments.append(text)
    for key in ('name', 'version', 'counts', 'sha256'):
        if len(values[key]) != 1:
            raise ValueError(
                f'the header has {len(values[key])} lines "# {key}: ...", not one'
            )
    repeats: dict[str, int] = {}
    for text in values['repeat']:
        match = _REPEAT.fullmatch(text)
        if match is None or match[1] in repeats:
            raise ValueError(f'expected one "# repeat: TAG xN" per tag, not {text!r}')
        repeats[match[1]] = int(match[2])
    counts = _COUNTS.fullmatch(values['counts'][0])
    if counts is None:
        raise ValueError(
            f'expected "# counts: N forged, M authentic", not {values["counts"][0]!r}'
        )
    header = ListHeader(values['name'][0], values['version'][0], repeats)
    return header, (int(counts[1]), int(counts[2])), values['sha256'][0], comments
