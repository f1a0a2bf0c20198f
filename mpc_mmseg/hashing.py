"""Hexadecimal SHA-256 of bytes and of files."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager


def sha256(*parts: bytes | memoryview) -> str:
    """Hash of the concatenation of ``parts``."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def file_sha256(path: str | os.PathLike[str]) -> str:
    """Hash of a file's content, read in blocks of 1 MiB."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def unchanged(path: str | os.PathLike[str]) -> Iterator[str]:
    """The hash of a file that is read in the block.

    Raises:
        RuntimeError: At the end of the block if the file was replaced, as a run does
            with its best checkpoint: the hash may be that of other bytes.
    """
    digest = file_sha256(path)
    yield digest
    if file_sha256(path) != digest:
        raise RuntimeError(
            f'{os.fspath(path)} was replaced while it was read: copy it, then try again'
        )
