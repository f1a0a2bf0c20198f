"""What reaches the web page, and what leaves it.

Requests of its own visitors, of bounded size; responses with headers of security.
"""

import base64
import hmac
import ipaddress
from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

#: Bytes of a request besides one photograph, photographs that are kept at most at the
#: same time, and those that arrive at the same time.
_OVERHEAD, _KEPT, _ARRIVING = 2**20, 8, 4
#: Routes by which Gradio returns files and fetches addresses; the page needs neither.
_CLOSED = ('/gradio_api/file', '/gradio_api/proxy', '/file', '/proxy')

#: Content security policy: the browser loads from this server only. Gradio needs eval.
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline' "
    "'unsafe-eval' blob:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
    "frame-ancestors 'none'; form-action 'self'"
)
_HEADERS = [
    (b'content-security-policy', POLICY.encode()),
    (b'referrer-policy', b'no-referrer'),
    (b'x-content-type-options', b'nosniff'),
    (b'cross-origin-opener-policy', b'same-origin'),
    (b'cross-origin-resource-policy', b'same-origin'),
]


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return host == 'localhost' or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Gate:
    """ASGI middleware that answers requests of others itself.

    A page of another site that a visitor has open can send requests to this server, and
    reads the answers if it gets its own name to lead here. So the name that was asked
    for, and the site that asks, must be this server's.

    Args:
        app: The wrapped application.
        hosts: Names of this server, besides localhost and the address asked.
        max_file_size: Largest photograph in bytes. Larger requests get status 413,
            those without a declared length 411, before any of the body is read.
        folder: Folder of the uploads. If it is full, uploads get status 503.
        token: What visitors give as the password of HTTP's basic authentication; None
            for none.
    """

    def __init__(
        self,
        app: Any,
        hosts: Collection[str],
        max_file_size: int,
        folder: str | Path,
        token: str | None = None,
    ) -> None:
        self.app, self.folder, self.token = app, Path(folder), token
        self.hosts = {host.lower() for host in hosts if not is_loopback(host)}
        self.max_file_size, self.arriving = max_file_size, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def send_with_headers(message: dict[str, Any]) -> None:
            if message['type'] == 'http.response.start':
                own = [*message.get('headers', ()), *_HEADERS]
                message = {**message, 'headers': own}
            await send(message)

        if scope['type'] == 'lifespan':
            await self.app(scope, receive, send)
            return
        status, reason = self._refusal(scope)
        upload = scope.get('path', '').endswith('/upload')
        if status == 200 and upload and (self.arriving >= _ARRIVING or self._full()):
            status, reason = 503, 'Too many uploads at the moment: try again later'
        if status != 200:
            await _refuse(scope, send_with_headers, status, reason)
            return
        self.arriving += upload
        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            self.arriving -= upload

    def _refusal(self, scope: Any) -> tuple[int, str]:
        headers = {k: v.decode('latin-1') for k, v in scope.get('headers', ())}
        asked = headers.get(b'host', '')
        if not self._is_own(asked, scope):
            return 421, 'This server has another name (--host, --allow-host)'
        origin = headers.get(b'origin')
        if origin is not None and origin.lower().partition('://')[2] != asked.lower():
            return 403, 'Pages of other sites are not answered'
        # Gradio asks its own server at the start.
        starting = scope.get('path') == '/gradio_api/startup-events'
        if self.token is not None and not starting and not self._has_token(headers):
            return 401, 'The token is needed, as the password'
        if scope.get('path', '').startswith(_CLOSED):
            return 403, 'No files are returned'
        if b'transfer-encoding' in headers:
            return 411, 'The length of the request is needed'
        length = headers.get(b'content-length', '0')
        if not length.isdecimal() or int(length) > self.max_file_size + _OVERHEAD:
            return 413, 'The upload is too large'
        return 200, ''

    def _is_own(self, asked: str, scope: Any) -> bool:
        address, port = scope.get('server') or ('', None)
        try:
            parts = urlsplit(f'//{asked}')
            name, asked_port = parts.hostname or '', parts.port or 80
        except ValueError:
            return False
        # Behind a proxy, a name has the proxy's port.
        own = {'localhost', '127.0.0.1', address}
        return name in self.hosts or (asked_port == port and name in own)

    def _has_token(self, headers: dict[bytes, str]) -> bool:
        kind, _, given = headers.get(b'authorization', '').partition(' ')
        try:
            password = base64.b64decode(given, validate=True).partition(b':')[2]
        except ValueError:
            return False
        expected = str(self.token).encode()
        return kind.lower() == 'basic' and hmac.compare_digest(password, expected)

    def _full(self) -> bool:
        sizes = (p.lstat().st_size for p in self.folder.rglob('*') if p.is_file())
        return sum(sizes) > (_KEPT - 1) * self.max_file_size


async def _refuse(scope: Any, send: Any, status: int, reason: str) -> None:
    if scope['type'] != 'http':
        await send({'type': 'websocket.close', 'code': 1008})
        return
    headers = [(b'connection', b'close'), (b'content-type', b'text/plain')]
    if status == 401:
        headers.append((b'www-authenticate', b'Basic realm="mpc_mmseg"'))
    await send({'type': 'http.response.start', 'status': status, 'headers': headers})
    await send({'type': 'http.response.body', 'body': reason.encode()})
