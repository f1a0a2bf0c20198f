"""JSON and JSON lines: one reader and one writer of each line.

Lines are ASCII and end at LF alone: `str.splitlines` also splits at U+0085 and U+2028,
which a file's name may contain. Names that are not UTF-8 survive as lone surrogates.
"""

import json
import os
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from mpc_mmseg.regular_file import read_regular

# A million images have lines of 2 GB.
_MOST_BYTES = 2**33


def json_line(value: Any) -> str:
    """Converts a value to its line, with the line break.

    Raises:
        ValueError: If it has numbers that are not finite.
    """
    return json.dumps(value, allow_nan=False) + '\n'


def parse_json(content: bytes | str) -> Any:
    """Parses JSON.

    Raises:
        ValueError: If it is not valid JSON, not UTF-8, or nested too deeply.
    """
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError('nested too deeply') from None


def read_json(path: str | os.PathLike[str]) -> Any:
    """Reads a JSON file.

    Raises:
        OSError: If it cannot be read, or is a pipe or device.
        ValueError: As `parse_json`; names the file.
    """
    try:
        return parse_json(read_regular(path))
    except ValueError as error:
        raise ValueError(f'{os.fspath(path)} is not valid JSON: {error}') from error


def json_lines(
    path: str | os.PathLike[str], skip_damaged: bool = False
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Reads a file of objects, one a line.

    Args:
        path: The file.
        skip_damaged: Leave out lines that are no objects, such as the half line that a
            killed process leaves; else they are errors.

    Yields:
        The number of a line, from 1, and its object. Empty lines are left out.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If a line is no JSON object; names file and line.
    """
    with BytesIO(read_regular(path, _MOST_BYTES)) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                value = parse_json(line)
                if not isinstance(value, dict):
                    raise ValueError(f'{type(value).__name__} instead of an object')
            except ValueError as error:
                if skip_damaged:
                    continue
                raise ValueError(
                    f'{os.fspath(path)}, line {number} is not a valid record: {error}'
                ) from error
            yield number, value
