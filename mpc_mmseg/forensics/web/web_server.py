"""The web page's server: local, offline, without storing uploads."""

import os
from collections.abc import Sequence

import gradio as gr

from mpc_mmseg.visualization.pages import source

from .gate import Gate, is_loopback

#: Limits memory: the embeddings of an analysis take about 64 MiB for a network of four
#: scales at 512x512.
_SESSIONS = 16


def serve(
    page: gr.Blocks,
    host: str = '127.0.0.1',
    port: int | None = 7860,
    max_file_size: int = 64 * 2**20,
    token: str | None = None,
    other_names: Sequence[str] = (),
) -> str:
    """Starts serving a page in threads; ``page.close()`` stops it.

    Args:
        page: From `build_page`.
        host: Address to listen on; the default is reachable from this machine only.
        port: Port to listen on; None for a free one from 7860.
        max_file_size: Maximum size of an upload in bytes, one per request.
        token: Password that visitors give.
        other_names: Names, of a proxy for instance, by which others reach the server.

    Returns:
        The page's address, which already responds.

    Raises:
        OSError: If the port is in use.
        ValueError: If other machines can reach the address, and there is no token.
    """
    from gradio.utils import get_upload_folder
    from starlette.middleware import Middleware

    if not is_loopback(host) and not token:
        raise ValueError(
            f'other machines can reach {host}: choose a password for them with --token'
        )

    try:
        _, address, _ = page.launch(
            server_name=host,
            server_port=port,
            share=False,
            quiet=True,
            max_file_size=max_file_size,
            show_error=False,  # errors of libraries name paths
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
                    Middleware(
                        Gate,
                        hosts=[host, *other_names],
                        max_file_size=max_file_size,
                        folder=os.environ.get('GRADIO_TEMP_DIR', get_upload_folder()),
                        token=token,
                    ),
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
