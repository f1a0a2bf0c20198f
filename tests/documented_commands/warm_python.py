"""Python that has imported the libraries already, in the place of `python`.

Starting Python and importing torch and OpenMMLab takes seconds, more than most of the
documented commands need for their work. A server imports these libraries once and forks
a process for each call; this package is imported, and registers what it has, in each of
them. What a tool leaves behind (registries, loggers, signal handlers, process groups)
ends with its process. `stand_ins/python` is what calls the server; what a tool starts
with `sys.executable` comes this way, too. Configs are written without yapf, which takes
most of the time of a small run.
"""

import json
import multiprocessing
import os
import runpy
import select
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STAND_IN = Path(__file__).parent / 'stand_ins/python'
LIBRARIES = [
    'torch', 'torch.distributed.run', 'torch.onnx', 'mmengine.runner', 'mmseg.datasets',
    'mmseg.models', 'matplotlib.pyplot', 'onnxruntime', 'sklearn.ensemble',
    'sklearn.metrics',
]  # fmt: skip
_FORK = multiprocessing.get_context('fork')


@contextmanager
def warm_python() -> Iterator[str]:
    """Serves calls while the context lasts, at the Unix socket that it gives."""
    # No fork of this process, which has threads and the registries of the tests.
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(LIBRARIES)
    # The address of a socket is short.
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as here:
        here.bind(f'{folder}/python')
        here.listen()
        server = context.Process(target=_serve, args=(here,))
        server.start()
        try:
            yield f'{folder}/python'
        finally:
            server.terminate()
            server.join()


def _serve(listener: socket.socket) -> None:
    from yapf.yapflib import yapf_api

    yapf_api.FormatCode = lambda text, **_: (text, False)
    # Nobody waits for the processes below.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        connection, _ = listener.accept()
        if not os.fork():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            try:
                _answer(connection)
            finally:
                os._exit(1)
        connection.close()


def _answer(connection: socket.socket) -> None:
    """Runs one call; ends it if the caller goes."""
    size, files, *_ = socket.recv_fds(connection, 8, 3)
    with connection.makefile('rb') as stream:
        call = json.loads(stream.read(int.from_bytes(size, 'big')))
    process = _FORK.Process(target=_python, args=(*call, files))
    process.start()
    connection.sendall(process.pid.to_bytes(4, 'big'))
    [ended, *_] = select.select([process.sentinel, connection], [], [])
    if process.sentinel not in ended:
        # What it started has a caller in it, and is to end first.
        process.terminate()
        process.join(10)
        process.kill()
    process.join()
    # A shell's status of what ended by a signal.
    code = process.exitcode if process.exitcode >= 0 else 128 - process.exitcode
    connection.sendall(code.to_bytes(4, 'big'))


def _python(
    words: list[str], folder: str, environment: dict[str, str], files: list[int]
) -> None:
    """Becomes `python WORDS`: a script, or a module after -m."""
    for number, name in enumerate(('stdin', 'stdout', 'stderr')):
        os.dup2(files[number], number)
        mode = 'w' if number else 'r'
        setattr(sys, name, os.fdopen(number, mode, buffering=1, closefd=False))
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.executable = str(STAND_IN)
    multiprocessing.get_context = lambda method=None: _FORK
    while words[0] in ('-u', '-B'):
        words.pop(0)
    if words[0] == '-m':
        sys.argv = words[1:]
        sys.path.insert(0, folder)
        runpy.run_module(words[1], run_name='__main__', alter_sys=True)
    else:
        path = os.path.abspath(words[0])
        sys.argv = words
        sys.path.insert(0, os.path.dirname(path))
        runpy.run_path(path, run_name='__main__')
