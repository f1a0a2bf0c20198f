"""The web page's server: this machine only, nothing from elsewhere, nothing kept."""

import time
from pathlib import Path
from typing import Any

import gradio as gr

from mpc_mmseg.visualization.pages import source

#: What the browser may load: Gradio's own scripts need eval, and nothing else.
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline' "
    "'unsafe-eval' blob:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
    "frame-ancestors 'none'; form-action 'self'"
)
#: What a request may hold beside one photograph, in bytes.
_BESIDE = 2**20
#: An analysis keeps its embeddings: about 64 MiB of a network of four scales at 512.
_SESSIONS = 16


class PolicyHeader:
    """ASGI middleware that sends `POLICY` with every answer."""

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
    """ASGI middleware that refuses requests of more than a number of bytes.

    Gradio bounds each file of an upload, not how many there are.

    Args:
        app: What is behind it.
        limit: Of a request's body, in bytes. Longer ones get status 413, those that
            do not say how long they are 411, before anything of them is read.
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
    """Starts serving a page, in threads; ``page.close()`` ends it.

    Args:
        page: Of `build_page`.
        host: Address to listen on; by default only this machine can reach it.
        port: To listen on; None for a free one from 7860 on.
        max_file_size: Larger uploads are refused, in bytes; a request holds one.

    Returns:
        The page's address; it answers.

    Raises:
        OSError: If the port is taken.
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
                    Middleware(BodyLimit, limit=max_file_size + _BESIDE),
                ],
                'docs_url': None,
                'redoc_url': None,
            },
            prevent_thread_lock=True,
        )
    except OSError as error:
        raise OSError(
            f'cannot listen on {host}:{port}; is the port taken? Choose another one '
            f'({error})'
        ) from error
    return address


def forget_uploads(folder: str | Path, seconds: float) -> None:
    """Deletes what broken connections left of uploads.

    Gradio itself deletes whole ones alone.

    Args:
        folder: Of the uploads.
        seconds: Files that were not written to for longer are deleted.
    """
    latest = time.time() - seconds
    for path in Path(folder).rglob('*'):
        if path.is_file() and path.stat().st_mtime < latest:
            path.unlink(missing_ok=True)
