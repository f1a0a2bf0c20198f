"""A zoo of published models: its index, and verified files by the name of a model."""

import json
import os
import re
import socket
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mpc_mmseg.atomic_files import atomic_path
from mpc_mmseg.hashing import sha256
from mpc_mmseg.shipped_files import shipped

FILE = 'index.json'
FORMAT, VERSION = 'mpc_mmseg.zoo', 1
#: Seconds without data after which a download fails.
TIMEOUT = 60
_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._+-]*')
_SHA256 = re.compile(r'[0-9a-f]{64}')
_PIN = re.compile(r'(.*)#sha256=([0-9a-f]{64})', re.DOTALL)


@dataclass(frozen=True)
class ZooEntry:
    """A published model.

    Attributes:
        name: Name of the model.
        file: Name of its checkpoint, in the folder of the index.
        sha256: Hash of that file, hexadecimal.
        size: Size of that file in bytes.
        config: Name of the config with which it was trained.
        card: Model card (training data, failure cases): a path relative to the index,
            or an address.
        terms: Terms of use, in one line.
        metrics: Data set -> ``n_images``, ``list_hash`` and ``scores``, as in a
            results file.

    Raises:
        ValueError: If a field is invalid; names model and field.
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
        # With a path, an index could name any file of this machine.
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
    """Raises a ValueError if a model cannot have this name."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f'the name of a model consists of letters, digits and . _ + -, got {name!r}'
        )


def parse_index(
    content: bytes, source: str, pin: str | None = None
) -> dict[str, ZooEntry]:
    """Reads an index.

    Args:
        content: Content of the file.
        source: Its name in errors.
        pin: The SHA-256 that it must have, hexadecimal.

    Returns:
        Name -> entry, in the order of the file.

    Raises:
        ValueError: If the hash differs, or the index or an entry is invalid.
    """
    if pin is not None:
        found = sha256(content)
        if found != pin:
            raise ValueError(
                f'{source} is not the pinned index: its SHA-256 is {found}, not {pin}. '
                'Ask the maintainer of the zoo which one is right'
            )
    try:
        index = json.loads(content)
        if index['format'] != FORMAT or index['version'] != VERSION:
            raise ValueError(
                f'it has format {index["format"]} {index["version"]}; {FORMAT} '
                f'{VERSION} is supported'
            )
        known = {each.name for each in fields(ZooEntry)}
        # Later versions may add fields.
        entries = [
            ZooEntry(**{key: value for key, value in model.items() if key in known})
            for model in index['models']
        ]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f'{source} is not an index of a zoo: {error}') from error
    names = [entry.name for entry in entries]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f'{source} contains {", ".join(twice)} twice')
    return dict(zip(names, entries))


def format_index(entries: Iterable[ZooEntry]) -> str:
    """Writes an index as text; equal models give equal text."""
    models = [asdict(e) for e in sorted(entries, key=lambda e: e.name)]
    index = {'format': FORMAT, 'version': VERSION, 'models': models}
    return json.dumps(index, indent=1, ensure_ascii=False) + '\n'


def entry_of(entries: Mapping[str, ZooEntry], name: str, source: str) -> ZooEntry:
    """The entry of a model.

    Raises:
        FileNotFoundError: If there is none; suggests similar names.
    """
    if name in entries:
        return entries[name]
    similar = get_close_matches(name, entries, n=3)
    if similar:
        hint = f'did you mean {" or ".join(similar)}?'
    else:
        hint = f'it has {", ".join(entries) or "none"}'
    raise FileNotFoundError(f'no model {name} in the zoo {source}; {hint}')


@dataclass(frozen=True)
class Zoo:
    """A location with published models.

    Attributes:
        location: A folder, or an address that MMEngine's file backends can read
            (``https://``, ``s3://``, ...).
        pin: The SHA-256 that its index must have, or None.
        cache: Folder for downloads.
    """

    location: str
    pin: str | None
    cache: Path

    @classmethod
    def from_environment(cls, location: str | None = None) -> 'Zoo':
        """The configured zoo.

        Args:
            location: A folder or an address. A hash after it (``#sha256=...``) pins
                the index: no other one is accepted. None for that of the variable
                ``MPC_ZOO``; if that is not set either, the folder ``zoo`` that comes
                with this project.

        Downloads are kept in ``MPC_ZOO_CACHE``, by default ``mpc_mmseg/zoo`` in
        ``XDG_CACHE_HOME``, by default ``~/.cache``.
        """
        if location is None:
            location = os.environ.get('MPC_ZOO') or str(shipped('zoo'))
        match = _PIN.fullmatch(location)
        location, pin = match.groups() if match else (location, None)
        cache = os.environ.get('MPC_ZOO_CACHE')
        if not cache:
            home = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
            cache = os.path.join(home, 'mpc_mmseg', 'zoo')
        return cls(location.rstrip('/'), pin, Path(cache))

    @property
    def is_local(self) -> bool:
        """Whether the zoo is a folder, whose files need no download."""
        return '://' not in self.location

    def entries(self) -> dict[str, ZooEntry]:
        """Reads the index: name -> entry.

        Raises:
            FileNotFoundError: If there is none.
            OSError: If it cannot be downloaded.
            ValueError: If it is invalid, or not the pinned one.
        """
        return parse_index(self.index(), f'{self.location}/{FILE}', self.pin)

    def index(self) -> bytes:
        """Reads the bytes of the index.

        A downloaded index is cached. The cached one is used if it is the pinned one,
        or, with a message, if the zoo cannot be reached.

        Raises:
            FileNotFoundError, OSError, ValueError: See `entries`.
        """
        source = f'{self.location}/{FILE}'
        if self.is_local:
            if not Path(source).is_file():
                raise FileNotFoundError(
                    f'no zoo in {self.location}: it has no {FILE} (set MPC_ZOO to the '
                    'zoo to use)'
                )
            return Path(source).read_bytes()
        cached = self.cache / sha256(self.location.encode())[:16] / FILE
        if self.pin and cached.is_file() and sha256(cached.read_bytes()) == self.pin:
            return cached.read_bytes()
        try:
            content = fetch(source)
        except OSError as error:
            if self.pin or not cached.is_file():
                raise
            print(f'{error}; using the cached index', file=sys.stderr)
            return cached.read_bytes()
        parse_index(content, source, self.pin)
        _store(cached, content)
        return content

    def find(self, name: str) -> Path:
        """The file of a model, downloaded if necessary and always verified.

        Raises:
            FileNotFoundError: If the zoo has no model of that name.
            OSError: If it cannot be downloaded.
            RuntimeError: If the hash of the file is not that of the index.
            ValueError: See `entries`.
        """
        entry = entry_of(self.entries(), name, self.location)
        source = f'{self.location}/{entry.file}'
        if self.is_local:
            if not Path(source).is_file():
                raise FileNotFoundError(f'{source}, which {FILE} names, is missing')
            _verify(Path(source).read_bytes(), entry, source)
            return Path(source)
        path = self.cache / entry.sha256[:16] / entry.file
        if path.is_file():
            if sha256(path.read_bytes()) == entry.sha256:
                return path
            path.unlink()
            print(f'{path} was altered; downloading it again', file=sys.stderr)
        content = fetch(source)
        _verify(content, entry, source)
        _store(path, content)
        return path


def model_file(model: str | Path, weights: str | Path | None = None) -> str | Path:
    """Replaces the name of a published model by its file.

    Args:
        model: A user's argument; returned unchanged unless it can only be the name of
            a published model, not a file.
        weights: If given, a name is that of a config.

    Raises:
        FileNotFoundError, OSError, RuntimeError, ValueError: See `Zoo.find`.
    """
    name = str(model)
    if weights is not None or os.path.exists(name) or os.path.dirname(name):
        return model
    if name.endswith(('.py', '.yml', '.yaml', '.json', '.pth', '.onnx')):
        return model
    check_name(name)
    try:
        return Zoo.from_environment().find(name)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'no file {name}, and {error} (the name of a config needs weights)'
        ) from error


def fetch(source: str) -> bytes:
    """Downloads a file with MMEngine's file backends.

    Raises:
        ConnectionError: If it cannot be reached, or the connection breaks.
        ValueError: If there is no backend for the address.
    """
    # Not needed if the zoo is a folder.
    from http.client import HTTPException

    from mpc_mmseg.datasets.io.s3_backend import read_bytes

    try:
        with _default_timeout():
            return read_bytes(source)
    except (ImportError, KeyError) as error:
        raise ValueError(
            f'{source}: MMEngine has no file backend for it, or the backend lacks a '
            f'package: {error}'
        ) from error
    except HTTPException as error:
        # Of a broken connection; it is not an OSError.
        raise ConnectionError(
            f'the connection to {source} broke ({error!r}): run the command again'
        ) from error
    except OSError as error:
        raise ConnectionError(f'cannot download {source}: {error}') from error


@contextmanager
def _default_timeout() -> Iterator[None]:
    """MMEngine's backends wait without limit unless the process sets a timeout."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT if before is None else before)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _verify(content: bytes, entry: ZooEntry, source: str) -> None:
    found = sha256(content)
    if found != entry.sha256:
        raise RuntimeError(
            f'{source} is damaged or was altered, and is not used: {len(content):,} '
            f'bytes with SHA-256 {found}; {FILE} expects {entry.size:,} bytes with '
            f'{entry.sha256}'
        )


def _store(path: Path, content: bytes) -> None:
    """Writes a file to the cache, which a team may share: atomic, readable for all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
        temporary.chmod(0o644)
