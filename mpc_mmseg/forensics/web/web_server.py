"""The web page's server: local, offline, without storing uploads."""

import time
from pathlib import Path
from typing import Any

import gradio as gr

from mpc_mmseg.visualization.pages import source

#: Content security policy: the browser loads from this server only. Gradio needs eval.
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline' "
    "'unsafe-eval' blob:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
    "frame-ancestors 'none'; form-action 'self'"
)
#: Bytes of a request besides one photograph.
_OVERHEAD = 2**20
#: Limits memory: the embeddings of an analysis take about 64 MiB for a network of four
#: scales at 512x512.
_SESSIONS = 16


class PolicyHeader:
    """ASGI middleware that adds `POLICY` to each response."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def send_with_policy(message: dict[str, Any]) -> None:
            if message['type'] == 'http.response.start':
                own = [
                    (b'content-security-policy', POLICY.encode()),
                    (b'referrer-policy', b'no-referrer'),
                    (b'x-content-type-options', b'nosniff'),
                ]
                message = {**message, 'headers': [*message.get('headers', ()), *own]}
            await send(message)

        await self.app(scope, receive, send_with_policy)


class BodyLimit:
    """ASGI middleware that limits the size of requests.

    Gradio limits the size of each uploaded file, but not their number.

    Args:
        app: The wrapped application.
        limit: Maximum size of a request's body in bytes. Larger ones get status 413,
            those without a declared length 411, before any of the body is read.
    """

    def __init__(self, app: Any, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope.get('headers', ()))
        status = None
        if b'transfer-encoding' in headers:
            status = 411
        elif int(headers.get(b'content-length', 0)) > self.limit:
            status = 413
        if scope['type'] != 'http' or status is None:
            await self.app(scope, receive, send)
            return
        start = {'status': status, 'headers': [(b'connection', b'close')]}
        await send({'type': 'http.response.start', **start})
        await send({'type': 'http.response.body', 'body': b'The upload is too large'})


def serve(
    page: gr.Blocks,
    host: str = '127.0.0.1',
    port: int | None = 7860,
    max_file_size: int = 64 * 2**20,
) -> str:
    """Starts serving a page in threads; ``page.close()`` stops it.

    Args:
        page: From `build_page`.
        host: Address to listen on; the default is reachable from this machine only.
        port: Port to listen on; None for a free one from 7860.
        max_file_size: Maximum size of an upload in bytes, one per request.

    Returns:
        The page's address, which already responds.

    Raises:
        OSError: If the port is in use.
    """
    from starlette.middleware import Middleware

    try:
        _, address, _ = page.launch(
            server_name=host,
            server_port=port,
            share=False,
            quiet=True,
            max_file_size=max_file_size,
            show_error=True,
            enable_monitoring=False,
            ssr_mode=False,
            pwa=False,
            mcp_server=False,
            run_history=False,
            footer_links=[],
            state_session_capacity=_SESSIONS,
            theme=gr.themes.Default(font='sans-serif', font_mono='monospace'),
            css=source('web_page.css'),
            app_kwargs={
                'middleware': [
                    Middleware(PolicyHeader),
                    Middleware(BodyLimit, limit=max_file_size + _OVERHEAD),
                ],
                'docs_url': None,
                'redoc_url': None,
            },
            prevent_thread_lock=True,
        )
    except OSError as error:
        raise OSError(
            f'cannot listen on {host}:{port}: if the port is in use, choose another '
            f'one ({error})'
        ) from error
    return address


def forget_uploads(folder: str | Path, seconds: float) -> None:
    """Deletes incomplete uploads of broken connections, which Gradio keeps.

    Args:
        folder: Folder of the uploads.
        seconds: Files that have not been written to for this time are deleted.
    """
    latest = time.time() - seconds
    for path in Path(folder).rglob('*'):
        if path.is_file() and path.stat().st_mtime < latest:
            path.unlink(missing_ok=True)
