"""A seal on a text: the hash of its lines as the last line.

It tells whether a file is as it was written, not who wrote it: who alters a file
can seal it again. Note the seal where others keep it, too.

It is checked without this program: ``head -n -1 FILE | sha256sum`` prints it.
"""

import re

from mpc_mmseg.hashing import sha256

#: The last line by kind of file: nothing else may stand beside the seal.
LAST_LINES = {'html': '<!-- seal {seal} -->', 'json': '"seal": "{seal}"}'}
_LAST_LINE = re.compile(
    '|'.join(
        re.escape(line).replace(re.escape('{seal}'), 'sha256:([0-9a-f]{64})')
        for line in LAST_LINES.values()
    )
)


class SealError(ValueError):
    """A file that has no seal, or another one than belongs to it."""


def sealed(body: str, kind: str) -> tuple[str, str]:
    """Adds the last line, with the hash of all the lines above it.

    Args:
        body: Whole lines.
        kind: Of `LAST_LINES`.

    Returns:
        The text, and its seal (``sha256:`` and 64 hexadecimal digits).

    Raises:
        ValueError: If ``body`` does not end with a line break, or ``kind`` is
            unknown.
    """
    if not body.endswith('\n'):
        raise ValueError(f'body must end with a line break, not {body[-20:]!r}')
    if kind not in LAST_LINES:
        raise ValueError(f'kind must be of {list(LAST_LINES)}, got {kind!r}')
    seal = _seal(body.encode('utf-8'))
    return body + LAST_LINES[kind].replace('{seal}', seal) + '\n', seal


def check_seal(content: bytes) -> str:
    """Gives the seal of a sealed file.

    Raises:
        SealError: If it has none, or it does not belong to what it says.
    """
    body, newline, last_line = content.removesuffix(b'\n').rpartition(b'\n')
    found = _LAST_LINE.fullmatch(last_line.decode('utf-8', 'replace'))
    if not content.endswith(b'\n') or found is None:
        raise SealError('has no seal as its last line: altered, cut, or never sealed')
    seal = _seal(body + newline)
    if seal.removeprefix('sha256:') not in found.groups():
        said = next(digest for digest in found.groups() if digest)
        raise SealError(f'was altered: sealed as sha256:{said}, but is now {seal}')
    return seal


def _seal(body: bytes) -> str:
    return f'sha256:{sha256(body)}'
