"""The files of a zoo: fetched whole, compared with the index, written whole."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mpc_mmseg.atomic_files import atomic_path
from mpc_mmseg.hashing import sha256

from .zoo_index import FILE, ZooEntry

#: Seconds without a byte after which a server counts as gone.
TIMEOUT = 60


def fetch(source: str) -> bytes:
    """Reads a file from an address by MMEngine's file backends.

    Raises:
        ConnectionError: If it cannot be reached, or breaks off.
        ValueError: If there is no backend for the address.
    """
    # Not needed where the zoo is a folder.
    from http.client import HTTPException

    from mpc_mmseg.datasets.io.s3_backend import read_bytes

    try:
        with _impatient():
            return read_bytes(source)
    except (ImportError, KeyError) as error:
        raise ValueError(
            f'{source}: MMEngine has no file backend for it, or one that lacks a '
            f'package: {error}'
        ) from error
    except HTTPException as error:
        # Of a connection that breaks off; no OSError.
        raise ConnectionError(
            f'{source} broke off ({error!r}): run the command again'
        ) from error
    except OSError as error:
        raise ConnectionError(f'cannot fetch {source}: {error}') from error


def check(content: bytes, entry: ZooEntry, source: str) -> None:
    """Raises a RuntimeError unless a file is the one of the index."""
    found = sha256(content)
    if found != entry.sha256:
        raise RuntimeError(
            f'{source} is damaged or was altered, and is not used: {len(content):,} '
            f'bytes with SHA-256 {found}; {FILE} says {entry.size:,} bytes with '
            f'{entry.sha256}'
        )


def keep(path: Path, content: bytes) -> None:
    """Puts a file into a cache, which may be a team's: whole, and readable for all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
        temporary.chmod(0o644)


@contextmanager
def _impatient() -> Iterator[None]:
    """MMEngine's backends wait for ever unless the process says otherwise."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT if before is None else before)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
