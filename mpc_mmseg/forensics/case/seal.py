"""A seal on a text: the hash of its lines, added as the last line.

It shows whether a file was altered, not who wrote it: whoever alters a file can seal
it again. So store the seal also outside of your own control.

To verify it without this program: ``head -n -1 FILE | sha256sum`` prints it.
"""

import re

from mpc_mmseg.hashing import sha256

#: The last line by kind of file; it must contain nothing but the seal.
LAST_LINES = {'html': '<!-- seal {seal} -->', 'json': '"seal": "{seal}"}'}
_LAST_LINE = re.compile(
    '|'.join(
        re.escape(line).replace(re.escape('{seal}'), 'sha256:([0-9a-f]{64})')
        for line in LAST_LINES.values()
    )
)


class SealError(ValueError):
    """A file without a seal, or with one that does not match."""


def sealed(body: str, kind: str) -> tuple[str, str]:
    """Adds the last line, with the hash of all lines above it.

    Args:
        body: Complete lines.
        kind: A key of `LAST_LINES`.

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
    seal = f'sha256:{sha256(body.encode())}'
    return body + LAST_LINES[kind].replace('{seal}', seal) + '\n', seal


def check_seal(content: bytes) -> str:
    """Verifies and returns the seal of a file.

    Raises:
        SealError: If it has none, or the content does not match.
    """
    body, newline, last_line = content.removesuffix(b'\n').rpartition(b'\n')
    found = _LAST_LINE.fullmatch(last_line.decode('utf-8', 'replace'))
    if not content.endswith(b'\n') or found is None:
        raise SealError('has no seal as its last line: altered, cut, or never sealed')
    digest = sha256(body + newline)
    if digest not in found.groups():
        sealed_as = next(each for each in found.groups() if each)
        raise SealError(
            f'was altered: sealed as sha256:{sealed_as}, but is now sha256:{digest}'
        )
    return f'sha256:{digest}'
