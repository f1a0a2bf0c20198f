"""The head of a list file: which protocol this is, and whether it is still that one."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .list_entry import ListEntry, check_tag, format_line

FIRST_LINE = '# forgery list 1'
_KEYS = ('name', 'version', 'counts', 'repeat', 'sha256')
_COUNTS = re.compile(r'(\d+) forged, (\d+) authentic')
_REPEAT = re.compile(r'(\S+) x(\d+)')


@dataclass(frozen=True)
class ListHeader:
    """What a list states about itself.

    Attributes:
        name: The protocol's name.
        version: Lists of one name and version hold the same images.
        repeats: Tag -> how often an epoch of training draws each image that has it;
            other images are drawn once.

    Raises:
        ValueError: If a name or version is no single line, or a factor no positive
            integer.
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


@dataclass(frozen=True)
class Declared:
    """What a header states about the entries below it, to be compared with them."""

    counts: tuple[int, int]
    sha256: str


def check_comment(text: str) -> None:
    """Raise a ValueError unless this can be a comment line and no key of a header."""
    if len(text.splitlines()) > 1 or text.endswith(('\n', '\r')):
        raise ValueError(f'a header line must be one line, not {text!r}')
    if text.partition(':')[0] in _KEYS or f'# {text}' == FIRST_LINE:
        raise ValueError(f'a comment cannot begin as a line of the header: {text!r}')


def count(entries: Iterable[ListEntry]) -> tuple[int, int]:
    """The number of forged and of authentic images."""
    kinds = Counter(entry.mask is None for entry in entries)
    return kinds[False], kinds[True]


def entries_hash(entries: Iterable[ListEntry], repeats: Mapping[str, int]) -> str:
    """SHA-256 of what a list makes a run read: its entries and repeat factors.

    Of the UTF-8 text of the lines ``repeat: TAG xN`` (sorted, without ``#``) and then
    of all entries in their order, each as :func:`format_line` writes it, each ended by
    one line feed. Name, version and comments do not count, so a renamed copy is
    recognised; nor do a checkout's line endings.
    """
    digest = hashlib.sha256()
    for line in _repeat_lines(repeats):
        digest.update(f'{line}\n'.encode())
    for entry in entries:
        digest.update(f'{format_line(entry)}\n'.encode())
    return digest.hexdigest()


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


def parse_header(lines: Sequence[str]) -> tuple[ListHeader, Declared, list[str]]:
    """The header in the lines with ``#`` before the first entry.

    Returns:
        The header, what it declares, and the comments among its lines.

    Raises:
        ValueError: If one of its lines is missing, twice there, or unreadable.
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
    declared = Declared((int(counts[1]), int(counts[2])), values['sha256'][0])
    return header, declared, comments


def check_repeats(repeats: Mapping[str, int], entries: Iterable[ListEntry]) -> None:
    """Make sure that each factor applies, and at most one to each image.

    Raises:
        ValueError: If not; names the tag or the image.
    """
    unused = set(repeats)
    for entry in entries if repeats else ():
        own = [tag for tag in entry.tags if tag in repeats]
        if len(own) > 1:
            raise ValueError(f'{entry.image} has two tags with repeat factors: {own}')
        unused.difference_update(own)
    if unused:
        raise ValueError(f'no image has the repeated tag {min(unused)!r}')


def _repeat_lines(repeats: Mapping[str, int]) -> list[str]:
    return [f'repeat: {tag} x{times}' for tag, times in sorted(repeats.items())]
