"""A data set in one tar file, for disks that are slow with many small files."""

from __future__ import annotations

import mmap
import os
import tarfile

from mmengine.fileio import BaseStorageBackend, register_backend

_BLOCK = 2**24


@register_backend('tar')
class TarBackend(BaseStorageBackend):
    """MMEngine file backend that reads the members of an uncompressed tar file.

    Network disks read one large file faster than thousands of small ones. The file is
    mapped into memory, so all workers of a machine share the system's cache of it::

        tar cf casia.tar -C data/casia images masks
        backend_args = dict(backend='tar', tar='casia.tar', root='data/casia')

    ``ForgeryDataset`` itself reads no member: give it a list file and
    ``check='none'``, and these arguments to LoadForgeryImage and LoadForgeryMask.

    Args:
        tar: The tar file.
        root: The part of requested paths before the members' names.
        preload: Read the file once from start to end, so that the system caches it
            where memory allows.
    """

    def __init__(self, tar: str, root: str = '', preload: bool = False) -> None:
        self.tar = tar
        self.root = root
        try:
            with tarfile.open(tar, 'r:') as archive:
                self._members = {
                    os.path.normpath(member.name): (member.offset_data, member.size)
                    for member in archive
                    if member.isreg()
                }
        except tarfile.ReadError as error:
            raise ValueError(
                f'tar={tar!r} is not an uncompressed tar file ({error}): make it with '
                '"tar cf", without z or j'
            ) from error
        if not self._members:
            raise ValueError(f'tar={tar!r} contains no file')
        with open(tar, 'rb') as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if preload:
            for start in range(0, len(self._map), _BLOCK):
                self._map[start : start + _BLOCK]

    def get(self, filepath: str | os.PathLike[str]) -> bytes:
        """The content of a member."""
        name = os.path.relpath(filepath, self.root or os.curdir)
        if name not in self._members:
            raise FileNotFoundError(f'{self.tar} has no member {name}')
        start, size = self._members[name]
        return self._map[start : start + size]

    def get_text(
        self, filepath: str | os.PathLike[str], encoding: str = 'utf-8'
    ) -> str:
        """The content of a member as text."""
        return self.get(filepath).decode(encoding)
