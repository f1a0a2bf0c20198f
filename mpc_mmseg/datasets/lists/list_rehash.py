"""A header for an edited list, or for one that never had any."""

import os
from dataclasses import replace

from .list_file import ListHeader, read_list_file, write_list


def rehash(
    path: str | os.PathLike, version: str | None = None, name: str | None = None
) -> str:
    """Rewrite a list file's header, with the counts and hash of its entries.

    Args:
        path: The list file. Comments between its entries move above them.
        version: The new version; None: the one it has, if its entries are the same.
        name: The new name; None: the one it has.

    Returns:
        What was done, for a terminal.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the entries changed and the version did not, or a plain list
            gets no name or version; or as ``read_list_file``.
    """
    found = read_list_file(path, verify=False)
    label = os.fspath(path)
    if found.header is None:
        if not (name and version):
            raise ValueError(f'{label} is a plain list: give it a name and a version')
        header = ListHeader(name, version)
    else:
        same_version = version in (None, found.header.version)
        if same_version and name in (None, found.header.name):
            try:
                read_list_file(path)
            except ValueError as error:
                raise ValueError(
                    f'{label}: its entries are no longer those of '
                    f'{found.header.name!r}, version {found.header.version!r}; give '
                    'it a new version'
                ) from error
        header = replace(
            found.header,
            name=name or found.header.name,
            version=version or found.header.version,
        )
    write_list(path, found.entries, found.comments, header)
    return f'{label}: {header.name}, version {header.version}, sha256 {found.sha256}'
