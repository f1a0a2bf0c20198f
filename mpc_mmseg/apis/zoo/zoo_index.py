"""The index of a zoo: which models it has, in which files, under which terms."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from typing import Any

from mpc_mmseg.hashing import sha256

FILE = 'index.json'
FORMAT, VERSION = 'mpc_mmseg.zoo', 1
_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._+-]*')
_SHA256 = re.compile(r'[0-9a-f]{64}')


@dataclass(frozen=True)
class ZooEntry:
    """A published model.

    Attributes:
        name: By which it is asked for.
        file: Its checkpoint's name, beside the index.
        sha256: Of that file, hexadecimal.
        size: Of that file, in bytes.
        config: Name of the config that it was trained with.
        card: The card, which says what it was trained on and where it fails: a path
            from the index, or an address.
        terms: What it may be used for, in a line.
        metrics: Data set -> ``n_images``, ``list_hash`` and ``scores``, as a file of
            results has them.

    Raises:
        ValueError: If a field is no such thing; names model and field.
    """

    name: str
    file: str
    sha256: str
    size: int
    config: str
    card: str
    terms: str
    metrics: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_name(self.name)
        # A file elsewhere could be any file of this machine.
        if not isinstance(self.file, str) or not _NAME.fullmatch(self.file):
            raise ValueError(f'{self.name}: file must be a plain name: {self.file!r}')
        if not isinstance(self.sha256, str) or not _SHA256.fullmatch(self.sha256):
            raise ValueError(
                f'{self.name}: sha256 must be 64 hexadecimal digits: {self.sha256!r}'
            )
        if not isinstance(self.size, int) or self.size < 1:
            raise ValueError(f'{self.name}: size must be positive: {self.size!r}')
        for key in ('config', 'card', 'terms'):
            text = getattr(self, key)
            if not isinstance(text, str) or not text:
                raise ValueError(f'{self.name}: {key} must be a text: {text!r}')


def check_name(name: Any) -> None:
    """Raises a ValueError unless a model can have this name."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f'a model is named by letters, digits and . _ + -, not {name!r}'
        )


def parse_index(
    content: bytes, source: str, pin: str | None = None
) -> dict[str, ZooEntry]:
    """Reads an index.

    Args:
        content: Of the file.
        source: What errors call it.
        pin: The SHA-256 that it must have, hexadecimal.

    Returns:
        Name -> entry, in the file's order.

    Raises:
        ValueError: If it has another hash, is no index, or an entry is wrong.
    """
    if pin is not None:
        found = sha256(content)
        if found != pin:
            raise ValueError(
                f'{source} is not the index that was pinned: its SHA-256 is {found}, '
                f'not {pin}. Ask whoever runs the zoo which one is right'
            )
    try:
        index = json.loads(content)
        if index['format'] != FORMAT or index['version'] != VERSION:
            raise ValueError(
                f'of format {index["format"]} {index["version"]}; this program reads '
                f'{FORMAT} {VERSION}'
            )
        known = {each.name for each in fields(ZooEntry)}
        # Later versions may say more of a model.
        entries = [
            ZooEntry(**{key: value for key, value in model.items() if key in known})
            for model in index['models']
        ]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f'{source} is no index of a zoo: {error}') from error
    names = [entry.name for entry in entries]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f'{source} has {", ".join(twice)} twice')
    return dict(zip(names, entries))


def format_index(entries: Iterable[ZooEntry]) -> str:
    """Writes an index as text; the same models give the same text."""
    models = [asdict(e) for e in sorted(entries, key=lambda e: e.name)]
    index = {'format': FORMAT, 'version': VERSION, 'models': models}
    return json.dumps(index, indent=1, ensure_ascii=False) + '\n'


def entry_of(entries: Mapping[str, ZooEntry], name: str, source: str) -> ZooEntry:
    """Gives a model's entry.

    Raises:
        FileNotFoundError: If there is none; says what is meant perhaps.
    """
    if name in entries:
        return entries[name]
    meant = get_close_matches(name, entries, n=3)
    if meant:
        hint = f'did you mean {" or ".join(meant)}?'
    else:
        hint = f'it has {", ".join(entries) or "none"}'
    raise FileNotFoundError(f'no model {name} in the zoo {source}; {hint}')
