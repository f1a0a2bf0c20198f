"""Opening files of unknown origin: regular files only, of a bounded length."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

#: As long as an uncompressed photograph of the largest accepted size.
BYTE_LIMIT = 2**30


class NotRegular(ValueError):
    """A pipe, socket, device or folder, or a file that is too long."""


def open_regular(path: str | os.PathLike[str], limit: int = BYTE_LIMIT) -> BinaryIO:
    """Opens a file for reading; a pipe or device neither blocks nor runs forever.

    Raises:
        NotRegular: If it is no regular file, or longer than ``limit`` bytes.
    """
    # Not blocking, or opening a pipe waits for someone who writes to it.
    file = os.fdopen(os.open(path, os.O_RDONLY | getattr(os, 'O_NONBLOCK', 0)), 'rb')
    about = os.fstat(file.fileno())
    if not stat.S_ISREG(about.st_mode):
        file.close()
        raise NotRegular('is no regular file but a pipe, a socket or a device')
    if about.st_size > limit:
        file.close()
        raise NotRegular(f'has {about.st_size} bytes, more than {limit}')
    return file


def read_regular(path: str | os.PathLike[str], limit: int = BYTE_LIMIT) -> bytes:
    """Reads a file; errors as of `open_regular`, with the file's name in `OSError`."""
    try:
        with open_regular(path, limit) as file:
            return file.read(os.fstat(file.fileno()).st_size)  # it allocates that
    except NotRegular as error:
        raise OSError(f'{Path(path)}: {error}') from error
