"""The web page's server, asked without a browser; a browser has a test of its own."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import partial
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import cv2
import numpy as np
import pytest
from bright_is_forged import write_image
from free_port import free_port

from mpc_mmseg.apis.inference.inferencer import ForgeryInferencer
from mpc_mmseg.forensics.case.case_report import Examiner

pytest.importorskip('gradio', reason="no gradio: pip install 'mpc_mmseg[web]'")
from web_client import Visitor

SERVE = Path(__file__).parents[3] / 'tools' / 'serve.py'


def files_in(folder):
    return [path for path in folder.rglob('*') if path.is_file()]


@pytest.fixture
def examiner(checkpoint):
    return Examiner.load(checkpoint, device='cpu')


@pytest.fixture
def address(examiner, tmp_path, monkeypatch):
    monkeypatch.setenv('GRADIO_TEMP_DIR', str(tmp_path / 'uploads'))
    from mpc_mmseg.forensics.web.web_page import build_page
    from mpc_mmseg.forensics.web.web_server import serve

    page = build_page(examiner, 100_000)
    yield serve(page, port=free_port(), max_file_size=200_000)
    page.close(verbose=False)


@pytest.fixture
def photo(tmp_path):
    write_image(tmp_path / 'photo.png')
    return (tmp_path / 'photo.png').read_bytes()


def test_visitors_at_once_are_served_one_after_the_other(
    address, examiner, photo, monkeypatch
):
    spans, predict = [], examiner.inferencer.predict_with_embeddings

    def slowly(*item):
        begin = time.monotonic()
        time.sleep(0.5)
        result = predict(*item)
        spans.append((begin, time.monotonic()))
        return result

    monkeypatch.setattr(examiner.inferencer, 'predict_with_embeddings', slowly)
    visitors, answers = [Visitor(address) for _ in range(3)], []
    together = threading.Barrier(3)

    def visit(visitor, name):
        together.wait()
        begin = time.monotonic()
        answers.append((visitor.examine(name, photo + name.encode()), begin))

    threads = [
        threading.Thread(target=visit, args=(visitor, f'{i}.png'))
        for i, visitor in enumerate(visitors)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer['success'] for answer, _ in answers] == [True] * 3
    assert len(spans) == 3
    # All had asked before the first one was done, and none began before another ended.
    assert max(begin for _, begin in answers) < min(end for _, end in spans)
    assert all(end <= begin for (_, end), (begin, _) in pairwise(sorted(spans)))


def test_sliders_need_no_other_forward(address, examiner, photo, monkeypatch):
    visitor = Visitor(address)
    first = visitor.examine('photo.png', photo)['output']['data']
    overlay, verdict, similarity, links = first[1:]
    assert 'No verdict' in verdict and 'has no embeddings' in verdict
    assert (
        'Click a pixel' in similarity
        and 'photo_case.html' in links
        and '>0.5<' not in overlay
    )

    def forward(*_):
        raise AssertionError('the model was asked again')

    monkeypatch.setattr(ForgeryInferencer, '_predict', forward)
    moved = visitor.ask('threshold', 'change', [None, 0.0, 0.9])
    assert moved['success'] and '100.00 % of the pixels' in moved['output']['data'][0]
    moved = visitor.ask('opacity', 'change', [None, 0.99, 0.1])
    assert moved['success'] and '0.00 % of the pixels' in moved['output']['data'][0]


def test_no_other_machine_is_contacted(examiner, tmp_path, monkeypatch):
    elsewhere = []

    def note(resolve, host, *args, **kwargs):
        if host not in (None, 'localhost', '127.0.0.1'):
            elsewhere.append(host)
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket, 'getaddrinfo', partial(note, socket.getaddrinfo))
    monkeypatch.setenv('GRADIO_TEMP_DIR', str(tmp_path))
    from mpc_mmseg.forensics.web.web_page import build_page
    from mpc_mmseg.forensics.web.web_server import serve

    page = build_page(examiner, 100)
    address = serve(page, port=free_port())
    assert not page.analytics_enabled
    urlopen(address).close()
    page.close(verbose=False)
    assert elsewhere == []


def test_limits(address, tmp_path):
    visitor = Visitor(address)
    with pytest.raises(HTTPError, match='413') as refused:
        visitor.upload('large.png', bytes(200_001))
    assert 'maximum allowed size of 200000 bytes' in refused.value.read().decode()
    assert files_in(tmp_path / 'uploads') == []
    bomb = cv2.imencode('.png', np.zeros((400, 400, 3), np.uint8))[1].tobytes()
    answer = visitor.examine('bomb.png', bomb)
    assert 'pixel_limit=100000' in answer['output']['data'][2]
    assert answer['output']['data'][1] == ''
    answer = visitor.examine('photo.png', b'no image')
    assert 'photo.png: is not an image' in answer['output']['data'][2]


def test_many_files_in_a_request_are_bounded_together(address, tmp_path):
    host = urlsplit(address).netloc
    # The first is as large as several files; the second does not tell.
    for header, value, status in (
        ('Content-Length', str(200_000 + 2**20 + 1), 413),
        ('Transfer-Encoding', 'chunked', 411),
    ):
        connection = HTTPConnection(host, timeout=60)
        connection.putrequest('POST', '/gradio_api/upload')
        connection.putheader(header, value)
        connection.endheaders()
        assert connection.getresponse().status == status
        connection.close()
    assert files_in(tmp_path / 'uploads') == []
    Visitor(address).upload('whole.png', bytes(200_000))


def test_nothing_of_a_visit_is_kept(address, photo, tmp_path):
    answer = Visitor(address).examine('photo.png', photo)
    assert answer['success']
    # Gradio makes an empty file of each upload.
    kept = [path for path in files_in(tmp_path / 'uploads') if path.stat().st_size]
    assert kept == []


def test_what_broken_uploads_leave_is_deleted(tmp_path):
    from mpc_mmseg.forensics.web.upload_folder import forget_uploads

    old, new = tmp_path / 'a' / 'old', tmp_path / 'a' / 'new'
    old.parent.mkdir()
    old.write_bytes(b'half a photograph')
    new.write_bytes(b'coming in')
    os.utime(old, (0, time.time() - 301))
    forget_uploads(tmp_path, 300)
    assert files_in(tmp_path) == [new]


def test_a_taken_port_is_named(address, examiner):
    from mpc_mmseg.forensics.web.web_page import build_page
    from mpc_mmseg.forensics.web.web_server import serve

    port = int(address.split(':')[2].strip('/'))
    with pytest.raises(OSError, match=rf'cannot listen on 127\.0\.0\.1:{port}'):
        serve(build_page(examiner, 100), port=port)


@pytest.fixture
def process(tiny_config, tmp_path):
    """tools/serve.py of the tiny network, and the folders that it may write to."""
    import torch

    config, weights = tmp_path / 'config.py', tmp_path / 'model.pth'
    tiny_config.dump(config)
    model = ForgeryInferencer(config, device='cpu').model
    torch.save({'state_dict': model.state_dict()}, weights)
    folders = [tmp_path / name for name in ('work', 'temporary')]
    for folder in folders:
        folder.mkdir()
    port = free_port()
    command = [SERVE, '--model', config, '--weights', weights, '--device', 'cpu']
    server = subprocess.Popen(
        [sys.executable, *map(str, command), '--port', str(port)],
        cwd=folders[0],
        env={
            **os.environ,
            'TMPDIR': str(folders[1]),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield server, port, folders
    server.kill()
    server.wait()


def test_the_tool_serves_and_ends_cleanly(process, photo):
    server, port, folders = process
    # Libraries may say something first.
    address = next((line for line in server.stdout if line.startswith('http')), None)
    assert address == f'http://127.0.0.1:{port}/\n'
    address = address.strip()
    with urlopen(address) as answer:
        assert "default-src 'self'" in answer.headers['Content-Security-Policy']
        assert 'Image forgery localization' in answer.read().decode()
    answer = Visitor(address).examine('photo.png', photo)
    assert answer['success'] and 'photo_case.json' in answer['output']['data'][4]
    # Only this machine is listened to.
    own = own_address()
    if own is not None:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((own, port), timeout=5).close()
    # As if its terminal were closed; SIGTERM and Ctrl-C do the same.
    server.send_signal(getattr(signal, 'SIGHUP', signal.SIGTERM))
    _, complaints = server.communicate(timeout=60)
    assert server.returncode == 0, complaints
    assert 'Traceback' not in complaints
    assert [str(p) for folder in folders for p in files_in(folder)] == []
    assert list(folders[1].iterdir()) == []


def own_address():
    """An address of this machine that others would use; None without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(('192.0.2.1', 9))  # sends nothing: it is a datagram socket
        except OSError:
            return None
        own = s.getsockname()[0]
    return None if own.startswith('127.') else own
