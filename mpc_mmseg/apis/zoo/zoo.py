"""A zoo of published models: its index, and verified files by the name of a model."""

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mpc_mmseg.atomic_files import atomic_path
from mpc_mmseg.hashing import sha256
from mpc_mmseg.plain_text import plain_text, shown_address
from mpc_mmseg.shipped_files import shipped

from .download import fetch

FILE = 'index.json'
FORMAT, VERSION = 'mpc_mmseg.zoo', 1
CONFIG_SUFFIXES = ('.py', '.yml', '.yaml', '.json')
# Most bytes of an index, and of a model.
_INDEX_LIMIT, _MODEL_LIMIT = 2**23, 2**33
_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._+-]*')
_SHA256 = re.compile(r'[0-9a-f]{64}')
_PIN = re.compile(r'([^#]*)#sha256=([0-9a-fA-F]{64})')


@dataclass(frozen=True)
class ZooEntry:
    """A published model.

    Attributes:
        name: Name of the model.
        file, sha256, size: Name of its checkpoint in the folder of the index, its hash,
            hexadecimal, and its bytes.
        config: Name of the config with which it was trained.
        card: Model card (training data, failure cases): a path relative to the index,
            or an address.
        terms: Terms of use, in one line.
        metrics: Data set -> ``n_images``, ``list_hash`` and ``scores``, as in a
            results file.
        onnx: ``file``, ``sha256`` and ``size`` of the same model as ONNX; or None.
    """

    name: str
    file: str
    sha256: str
    size: int
    config: str
    card: str
    terms: str
    metrics: Mapping[str, Any] = field(default_factory=dict)
    onnx: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        check_name(self.name)
        for each in (vars(self), self.onnx or vars(self)):
            file, digest, size = (each[key] for key in ('file', 'sha256', 'size'))
            # With a path, it could be any file of this machine; a .py would be run.
            plain = isinstance(file, str) and _NAME.fullmatch(file) is not None
            plain = plain and file.endswith(('.pth', '.onnx'))
            hexadecimal = isinstance(digest, str) and _SHA256.fullmatch(digest)
            fits = type(size) is int and 1 <= size <= _MODEL_LIMIT
            self._check(plain, 'file', file, 'a plain name, *.pth or *.onnx')
            self._check(bool(hexadecimal), 'sha256', digest, '64 hexadecimal digits')
            self._check(fits, 'size', size, f'1..{_MODEL_LIMIT:,} bytes')
        for key in ('config', 'card', 'terms'):
            text = getattr(self, key)
            # Escape codes in them would reach a terminal.
            printable = isinstance(text, str) and text != '' and text.isprintable()
            self._check(printable, key, text, 'a line of printable text')

    def _check(self, valid: bool, key: str, value: Any, expected: str) -> None:
        if not valid:
            shown = plain_text(repr(value))
            raise ValueError(f'{self.name}: {key} must be {expected}: {shown}')


class VerifiedFile(type(Path())):  # type: ignore[misc] # PosixPath or WindowsPath
    """A file of a zoo, with the SHA-256 that it must still have when it is read."""

    sha256: str | None = None


def check_name(name: Any) -> None:
    """Raises a ValueError if a model cannot have this name."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f'the name of a model consists of letters, digits and . _ + -, got {name!r}'
        )


def parse_index(
    content: bytes, source: str, pin: str | None = None
) -> dict[str, ZooEntry]:
    """Reads an index: name -> entry, in the order of the file.

    Raises:
        ValueError: If its SHA-256 is not the pinned one, or it or an entry is invalid.
    """
    if pin is not None and (found := sha256(content)) != pin:
        raise ValueError(
            f'{source} is not the pinned index: its SHA-256 is {found}, not {pin}. Ask '
            'the maintainer of the zoo which one is right'
        )
    try:
        index = json.loads(content)
        if index['format'] != FORMAT or index['version'] != VERSION:
            raise ValueError(
                f'it has format {index["format"]!r} {index["version"]!r}; {FORMAT} '
                f'{VERSION} is supported'
            )
        known = {each.name for each in fields(ZooEntry)}
        # Later versions may add fields.
        entries = [
            ZooEntry(**{key: value for key, value in model.items() if key in known})
            for model in index['models']
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(
            f'{source} is not an index of a zoo: {plain_text(error)}'
        ) from error
    counts = Counter(entry.name for entry in entries)
    if twice := sorted(name for name, count in counts.items() if count > 1):
        raise ValueError(f'{source} contains {", ".join(twice)} twice')
    return dict(zip(counts, entries))


def format_index(entries: Iterable[ZooEntry]) -> str:
    """Writes an index as text; equal models give equal text."""
    models = [asdict(e) for e in sorted(entries, key=lambda e: e.name)]
    for model in models:
        if model['onnx'] is None:
            del model['onnx']
    index = {'format': FORMAT, 'version': VERSION, 'models': models}
    return json.dumps(index, indent=1, ensure_ascii=False) + '\n'


def entry_of(entries: Mapping[str, ZooEntry], name: str, source: str) -> ZooEntry:
    """The entry of a model, or a FileNotFoundError that suggests similar names."""
    if name in entries:
        return entries[name]
    hint = f'it has {", ".join(entries) or "none"}'
    if similar := get_close_matches(name, entries, n=3):
        hint = f'did you mean {" or ".join(similar)}?'
    raise FileNotFoundError(f'no model {name} in the zoo {source}; {hint}')


@dataclass(frozen=True)
class Zoo:
    """A folder with published models, or an address that `fetch` can read.

    Attributes:
        pin: The SHA-256 that its index must have, or None.
        cache: Folder for downloads.
    """

    location: str
    pin: str | None
    cache: Path

    @classmethod
    def from_environment(cls, location: str | None = None) -> 'Zoo':
        """The configured zoo.

        Downloads are kept in ``MPC_ZOO_CACHE``, by default ``mpc_mmseg/zoo`` in
        ``XDG_CACHE_HOME``, by default ``~/.cache``.

        Args:
            location: A folder or an address. A hash after it (``#sha256=...``) pins
                the index: no other one is accepted. None for that of ``MPC_ZOO``, by
                default the folder ``zoo`` that comes with this project.
        """
        if location is None:
            location = os.environ.get('MPC_ZOO') or str(shipped('zoo'))
        pin = None
        if '#' in location:
            # A pin that is not understood would be none.
            if not (match := _PIN.fullmatch(location)):
                raise ValueError(
                    f'the pin of {plain_text(shown_address(location))} must be '
                    '#sha256= and 64 hexadecimal digits at the end, nothing else'
                )
            location, pin = match[1], match[2].lower()
        cache = os.environ.get('MPC_ZOO_CACHE')
        if not cache:
            home = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
            cache = os.path.join(home, 'mpc_mmseg', 'zoo')
        return cls(location.rstrip('/'), pin, Path(cache))

    @property
    def is_local(self) -> bool:
        """Whether the zoo is a folder, whose files need no download."""
        return '://' not in self.location

    @property
    def shown(self) -> str:
        """Its location without passwords."""
        return plain_text(shown_address(self.location))

    def entries(self) -> dict[str, ZooEntry]:
        """Reads the index: name -> entry; for errors see `index`."""
        return parse_index(self.index(), f'{self.shown}/{FILE}', self.pin)

    def index(self) -> bytes:
        """Reads the bytes of the index.

        A downloaded index is cached. The cached one is used if it is the pinned one,
        or, with a message, if the zoo cannot be reached.

        Raises:
            FileNotFoundError: If there is none.
            OSError: If it cannot be downloaded.
            ValueError: If it is invalid, or not the pinned one.
        """
        source = f'{self.location}/{FILE}'
        if self.is_local:
            if not Path(source).is_file():
                raise FileNotFoundError(
                    f'no zoo in {self.shown}: it has no {FILE} (set MPC_ZOO to the zoo '
                    'to use)'
                )
            return _read(Path(source), _INDEX_LIMIT)
        cached = self.cache / sha256(self.location.encode())[:16] / FILE
        kept = None
        if cached.is_file():
            # Without a pin an index is believed for its origin: it must be one's own.
            kept = _read(cached, _INDEX_LIMIT, own=self.pin is None)
            if self.pin and kept is not None and sha256(kept) == self.pin:
                return kept
        try:
            content = fetch(source, _INDEX_LIMIT)
        except OSError as error:
            if self.pin or kept is None:
                raise
            print(f'{error}; using the cached index', file=sys.stderr)
            return kept
        parse_index(content, f'{self.shown}/{FILE}', self.pin)
        try:
            _store(cached, content)
        except OSError as error:
            print(f'{error}: the index is not cached', file=sys.stderr)
        return content

    def find(self, name: str, onnx: bool = False) -> VerifiedFile:
        """The file of a model, downloaded if necessary and always verified.

        Args:
            name: Name of the model.
            onnx: Whether its ONNX form is wanted, if it has one.

        Raises:
            FileNotFoundError: If the zoo has no model of that name.
            RuntimeError: If the hash of the file is not that of the index.
            OSError, ValueError: See `index`.
        """
        entry = entry_of(self.entries(), name, self.shown)
        file, digest, size = entry.file, entry.sha256, entry.size
        if onnx and entry.onnx is not None:
            file, digest, size = (entry.onnx[k] for k in ('file', 'sha256', 'size'))
        source = f'{self.location}/{file}'
        if self.is_local:
            if not Path(source).is_file():
                raise FileNotFoundError(f'{source}, which {FILE} names, is missing')
            path = VerifiedFile(source)
            _verify(_read(path, size), digest, size, source)
        else:
            path = VerifiedFile(self.cache / digest[:16] / file)
            kept = _read(path, size) if path.is_file() else None
            if kept is None or sha256(kept) != digest:
                if kept is not None:
                    print(f'{path} was altered; downloading it again', file=sys.stderr)
                content = fetch(source, size)
                _verify(content, digest, size, f'{self.shown}/{file}')
                _store(path, content)
        path.sha256 = digest
        return path


def model_file(
    model: str | Path, weights: str | Path | None = None, onnx: bool = False
) -> str | Path:
    """Replaces the name of a published model by its file.

    Args:
        model: A user's argument; returned unchanged unless it can only be the name of
            a published model, not a file.
        weights: If given, a name is that of a config.
        onnx: See `Zoo.find`, also for errors.
    """
    name = str(model)
    is_file = os.path.exists(name) or os.path.dirname(name)
    if weights or is_file or name.endswith((*CONFIG_SUFFIXES, '.pth', '.onnx')):
        return model
    check_name(name)
    try:
        return Zoo.from_environment().find(name, onnx)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'no file {name}, and {error} (the name of a config needs weights)'
        ) from error


def _read(path: Path, limit: int, own: bool = False) -> Any:
    """A file's first ``limit`` + 1 bytes; None if another user put it there."""
    with path.open('rb') as file:
        if own and hasattr(os, 'getuid'):
            status = os.fstat(file.fileno())
            if path.is_symlink() or status.st_uid not in (os.getuid(), 0):
                return None
        return file.read(limit + 1)


def _verify(content: bytes, digest: str, size: int, source: str) -> None:
    found = sha256(content)
    if found != digest:
        raise RuntimeError(
            f'{source} is damaged or was altered, and is not used: {len(content):,} '
            f'bytes with SHA-256 {found}; {FILE} expects {size:,} bytes with {digest}'
        )


def _store(path: Path, content: bytes) -> None:
    """Writes a file to the cache, which a team may share: atomic, readable for all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    own = not hasattr(os, 'getuid') or path.parent.lstat().st_uid == os.getuid()
    if path.parent.is_symlink() or not own:
        raise PermissionError(
            f'{path.parent} is a link or belongs to another user: set MPC_ZOO_CACHE to '
            'a folder of your own'
        )
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
        temporary.chmod(0o644)
