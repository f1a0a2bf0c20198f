"""Text from strangers, made safe to print: names, messages, values of metadata."""

import sys

#: Longer values are cut.
LONGEST = 300


def plain_text(value: object, longest: int = LONGEST) -> str:
    """Converts a value to one line of printable text.

    Unprintable characters are escaped: control characters, which a terminal obeys; line
    breaks, which would fake a second line; ``\\u202e``, which reverses the displayed
    order of a file's name; and bytes of a name that are not UTF-8. Bytes are shown in
    hexadecimal unless they are printable. Long values are cut, with the number of
    characters left out.

    Args:
        value: A text, bytes, or anything that `str` converts.
        longest: The most characters of the value that are shown.
    """
    if isinstance(value, bytes):
        stripped = value.rstrip(b'\0')
        try:
            text = stripped.decode('ascii')
        except UnicodeDecodeError:
            text = ''
        if not text.isprintable() or (stripped and not text):
            text = stripped[:longest].hex(' ')
            if len(stripped) > longest:
                text += ' ...'
            return f'{text} ({len(value)} bytes)'
    else:
        text = str(value).rstrip('\0')
    shown = ''.join(
        char if char.isprintable() else char.encode('unicode_escape').decode()
        for char in text[:longest]
    )
    rest = len(text) - longest
    return f'{shown} ... ({rest} more characters)' if rest > 0 else shown


def print_error(tool: str, error: object) -> None:
    """Prints an error to stderr as `plain_text`; lines after its first are indented."""
    lines = [plain_text(line.strip(), 4096) for line in str(error).splitlines()]
    print(f'{tool}: ' + '\n  '.join(lines), file=sys.stderr)


def shown_address(address: str) -> str:
    """An address without the secrets that it may contain: password, query, fragment."""
    if '://' not in address:
        return address
    scheme, _, rest = address.partition('://')
    host, slash, path = rest.partition('/')
    path = path.partition('?')[0].partition('#')[0]
    host = host.rpartition('@')[2].partition('?')[0].partition('#')[0]
    return f'{scheme}://{host}{slash}{path}'
