"""Downloads of bounded size and time."""

import threading
import time
from urllib.parse import urlsplit

from mpc_mmseg.plain_text import plain_text, shown_address

#: Seconds without data after which a download fails.
TIMEOUT = 60
#: Seconds that any download may take, and bytes a second that a longer one must bring.
_SECONDS, _SLOWEST = 120, 100_000


def fetch(source: str, limit: int) -> bytes:
    """Downloads a file, with Python's urllib or one of MMEngine's file backends.

    Args:
        source: The address.
        limit: The most bytes that the file may have.

    Raises:
        ConnectionError: If it cannot be reached, the connection breaks, or it is slower
            than 100 kB/s after two minutes.
        ValueError: If there is no backend for the address, or the file is larger.
    """
    # A thread: a server that sends a byte a minute keeps any call busy.
    found: list[bytes | Exception] = []
    thread = threading.Thread(
        target=lambda: found.append(_read(source, limit)), daemon=True
    )
    thread.start()
    thread.join(_SECONDS + limit / _SLOWEST)
    shown = shown_address(source)
    if not found:
        raise ConnectionError(f'{shown} sends too slowly: the download was given up')
    content = found[0]
    if isinstance(content, ImportError | KeyError):
        raise ValueError(
            f'{shown}: MMEngine has no file backend for it, or the backend lacks a '
            f'package: {_without_secrets(content, source)}'
        ) from content
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
    from mpc_mmseg.datasets.io.s3_backend import S3Backend

    try:
        if urlsplit(source).scheme in ('http', 'https'):
            return _read_http(source, limit)
        if source.startswith('s3://'):
            return S3Backend().get(source, limit + 1)
        from mmengine import fileio

        return fileio.get(source)
    except Exception as error:  # it is raised by `fetch`, in the caller's thread
        return error


def _read_http(source: str, limit: int) -> bytes:
    from urllib.request import urlopen

    content, end = bytearray(), time.monotonic() + _SECONDS + limit / _SLOWEST
    with urlopen(source, timeout=TIMEOUT) as response:
        while len(content) <= limit and (block := response.read1(2**20)):
            content += block
            if time.monotonic() > end:
                raise ConnectionError('it sends too slowly')
        length = int(response.headers.get('Content-Length') or len(content))
    if len(content) < min(length, limit):
        raise ConnectionError(f'the connection broke after {len(content):,} bytes')
    return bytes(content)


def _without_secrets(error: Exception, source: str) -> str:
    netloc = urlsplit(source).netloc
    text = str(error).replace(source, shown_address(source))
    secret = netloc.rpartition('@')[0]
    for part in {secret, *secret.split(':'), urlsplit(source).query} - {''}:
        text = text.replace(part, '***')
    return plain_text(text)
