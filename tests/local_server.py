"""An HTTP server of this machine, for as long as a test needs it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer


@contextmanager
def local_server(handler) -> Iterator[ThreadingHTTPServer]:
    """Serves requests by a handler; the server's ``address`` is its URL."""
    with ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        server.address = f'http://127.0.0.1:{server.server_port}'
        serve = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        serve.start()
        try:
            yield server
        finally:
            server.shutdown()
