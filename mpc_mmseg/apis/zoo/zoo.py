"""From a published model's name to its file, which is checked before it is used."""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from mpc_mmseg.hashing import sha256

from .zoo_files import check, fetch, keep
from .zoo_index import FILE, ZooEntry, check_name, entry_of, parse_index

_PIN = re.compile(r'(.*)#sha256=([0-9a-f]{64})', re.DOTALL)


@dataclass(frozen=True)
class Zoo:
    """A place with published models.

    Attributes:
        location: A folder, or an address that MMEngine's file backends read
            (``https://``, ``s3://``, ...).
        pin: The SHA-256 that its index must have, or None.
        cache: Folder for what comes from elsewhere.
    """

    location: str
    pin: str | None
    cache: Path

    @classmethod
    def from_environment(cls, location: str | None = None) -> 'Zoo':
        """Gives the zoo that is set up.

        Args:
            location: As ``MPC_ZOO``, which stands for it if it is None: a folder or
                an address, with the index's hash after it (``#sha256=...``) if only
                that one is to be trusted. Without either it is this project's own,
                the folder ``zoo`` of a checkout.

        Downloads are kept in ``MPC_ZOO_CACHE``, by default ``mpc_mmseg/zoo`` in
        ``XDG_CACHE_HOME``, by default ``~/.cache``.
        """
        if location is None:
            location = os.environ.get('MPC_ZOO') or str(
                Path(__file__).parents[3] / 'zoo'
            )
        match = _PIN.fullmatch(location)
        place, pin = match.groups() if match else (location, None)
        cache = os.environ.get('MPC_ZOO_CACHE')
        if not cache:
            home = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
            cache = os.path.join(home, 'mpc_mmseg', 'zoo')
        return cls(place.rstrip('/'), pin, Path(cache))

    @property
    def is_local(self) -> bool:
        """Whether its files can be used where they are."""
        return '://' not in self.location

    def entries(self) -> dict[str, ZooEntry]:
        """Reads the index: name -> entry.

        Raises:
            FileNotFoundError: If there is none.
            OSError: If it cannot be fetched.
            ValueError: If it is none, or not the pinned one.
        """
        return parse_index(self.index(), f'{self.location}/{FILE}', self.pin)

    def index(self) -> bytes:
        """Reads the index's bytes.

        Those of a zoo elsewhere are kept. They are used if they are the pinned ones,
        or, with a message, if the zoo cannot be reached.

        Raises:
            FileNotFoundError, OSError, ValueError: As `entries`.
        """
        source = f'{self.location}/{FILE}'
        if self.is_local:
            if not Path(source).is_file():
                raise FileNotFoundError(
                    f'no zoo in {self.location}: it has no {FILE} (MPC_ZOO names the '
                    'zoo to use)'
                )
            return Path(source).read_bytes()
        place = sha256(self.location.encode())[:16]
        kept = self.cache / place / FILE
        if self.pin and kept.is_file() and sha256(kept.read_bytes()) == self.pin:
            return kept.read_bytes()
        try:
            content = fetch(source)
        except OSError as error:
            if self.pin or not kept.is_file():
                raise
            print(f'{error}; using the index of an earlier visit', file=sys.stderr)
            return kept.read_bytes()
        parse_index(content, source, self.pin)
        keep(kept, content)
        return content

    def find(self, name: str) -> Path:
        """Gives the file of a model, fetched if need be, and checked in any case.

        Raises:
            FileNotFoundError: If the zoo has no model of that name.
            OSError: If it cannot be fetched.
            RuntimeError: If the file is not the one of the index.
            ValueError: As of `entries`.
        """
        entry = entry_of(self.entries(), name, self.location)
        source = f'{self.location}/{entry.file}'
        if self.is_local:
            if not Path(source).is_file():
                raise FileNotFoundError(f'{source}, which {FILE} names, is missing')
            check(Path(source).read_bytes(), entry, source)
            return Path(source)
        path = self.cache / entry.sha256[:16] / entry.file
        if path.is_file():
            if sha256(path.read_bytes()) == entry.sha256:
                return path
            path.unlink()
            print(f'{path} was altered; fetching it again', file=sys.stderr)
        content = fetch(source)
        check(content, entry, source)
        keep(path, content)
        return path


def model_file(model: str | Path, weights: str | Path | None = None) -> str | Path:
    """Gives the file of a published model in place of its name.

    Args:
        model: What a user named: returned as it is unless it can only be the name of
            a published model, which no file has.
        weights: With weights of its own a name is that of a config.

    Raises:
        FileNotFoundError, OSError, RuntimeError, ValueError: As of `Zoo.find`.
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
