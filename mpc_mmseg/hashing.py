"""Hexadecimal SHA-256 of bytes and of files."""

import hashlib
import os


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
