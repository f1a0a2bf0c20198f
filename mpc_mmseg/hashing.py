"""SHA-256, hexadecimal, of bytes and of files. What is hashed, its user says."""

import hashlib
import os


def sha256(*parts: bytes | memoryview) -> str:
    """Gives the hash of bytes, one part after the other."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def file_sha256(path: str | os.PathLike[str]) -> str:
    """Gives the hash of a file's content, of which little is in memory at a time."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
