"""Downloads of bounded size and time."""

import threading
from urllib.parse import urlsplit

from mpc_mmseg.plain_text import plain_text, shown_address

#: Seconds without data after which a download fails.
TIMEOUT = 60
#: Seconds that any download may take, and bytes a second that a longer one must bring.
_SECONDS, _SLOWEST = 120, 100_000


def fetch(source: str, limit: int) -> bytes:
    """Downloads a file.

    Args:
        source: Its address: ``https://``, ``http://`` or ``s3://``.
        limit: The most bytes that the file may have.

    Raises:
        ConnectionError: If it cannot be reached, the connection breaks, or it is slower
            than 100 kB/s after two minutes.
        ValueError: If the address is of another kind, or the file is larger.
    """
    shown = shown_address(source)
    if not source.startswith(('http://', 'https://', 's3://')):
        raise ValueError(f'{shown} is no address https://, http:// or s3://')
    # A thread: a server that sends a byte a minute keeps any call busy.
    found: list[bytes | Exception] = []
    thread = threading.Thread(
        target=lambda: found.append(_read(source, limit)), daemon=True
    )
    thread.start()
    thread.join(_SECONDS + limit / _SLOWEST)
    if not found:
        raise ConnectionError(f'{shown} sends too slowly: the download was given up')
    content = found[0]
    if isinstance(content, ImportError):
        raise ValueError(f'{shown}: {_without_secrets(content, source)}') from content
    if isinstance(content, Exception):
        raise ConnectionError(
            f'cannot download {shown}: {_without_secrets(content, source)}; run the '
            'command again'
        ) from (content if shown == source else None)  # it may contain a password
    if len(content) > limit:
        raise ValueError(
            f'{shown} is larger than the {limit:,} bytes that it may have, and is not '
            'used'
        )
    return content


def _read(source: str, limit: int) -> bytes | Exception:
    try:
        if source.startswith('s3://'):
            from mpc_mmseg.datasets.io.s3_backend import S3Backend

            return S3Backend().get(source, limit + 1)
        return _read_http(source, limit)
    except Exception as error:  # it is raised by `fetch`, in the caller's thread
        return error


def _read_http(source: str, limit: int) -> bytes:
    from urllib.request import urlopen

    with urlopen(source, timeout=TIMEOUT) as response:
        content = response.read(limit + 1)
        length = int(response.headers.get('Content-Length') or len(content))
    if len(content) < min(length, limit):
        raise ConnectionError(f'the connection broke after {len(content):,} bytes')
    return content


def _without_secrets(error: Exception, source: str) -> str:
    netloc = urlsplit(source).netloc
    text = str(error).replace(source, shown_address(source))
    secret = netloc.rpartition('@')[0]
    for part in {secret, *secret.split(':'), urlsplit(source).query} - {''}:
        text = text.replace(part, '***')
    return plain_text(text)
