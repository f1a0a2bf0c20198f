"""Requests of other sites and of too many visitors, to the web page's server."""

import base64
import json
import os
import subprocess
import sys
import threading
from http.client import HTTPConnection
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest
from bright_is_forged import write_image
from free_port import free_port
from model_files import checkpoint, config  # noqa: F401

from mpc_mmseg.forensics.case.case_report import Examiner
from mpc_mmseg.forensics.web.gate import is_loopback
from mpc_mmseg.forensics.web.upload_folder import upload_folder

pytest.importorskip('gradio', reason="no gradio: pip install 'mpc_mmseg[web]'")
from web_client import Visitor

LIMIT = 100_000


@pytest.fixture
def start(checkpoint, tmp_path, monkeypatch):  # noqa: F811
    folder = tmp_path / 'uploads'
    monkeypatch.setenv('GRADIO_TEMP_DIR', str(folder))
    from mpc_mmseg.forensics.web.web_page import build_page
    from mpc_mmseg.forensics.web.web_server import serve

    examiner = Examiner.load(checkpoint, device='cpu')
    pages = []

    def start(**settings):
        pages.append(build_page(examiner, 10**6))
        return serve(pages[-1], port=free_port(), max_file_size=LIMIT, **settings)

    start.examiner, start.folder = examiner, folder
    yield start
    for page in pages:
        page.close(verbose=False)


def answer(address, path='/', method='GET', body=None, **headers):
    """Status and text of an answer."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.hostname, parts.port, timeout=60)
    named = {name.replace('_', '-'): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    found = connection.getresponse()
    return found.status, found.read().decode('utf-8', 'replace')


def test_only_this_servers_names_and_pages_are_answered(start):
    address = start(other_names=['forensics.example'])
    port = urlsplit(address).port
    for host in (f'localhost:{port}', f'127.0.0.1:{port}', 'forensics.example'):
        assert answer(address, Host=host)[0] == 200
        assert answer(address, Host=host, Origin=f'http://{host}')[0] == 200
    for host in (
        f'localhost.:{port}',
        f'evil.example:{port}',
        'localhost',
        f'127.0.0.1:{port + 1}',
        f'127.0.0.1.evil.example:{port}',
        f'[::{port}',
        '',
    ):
        assert answer(address, Host=host)[0] in (400, 421), host
    own = f'localhost:{port}'
    for origin in (
        'http://evil.example',
        'null',
        'http://localhost',
        f'http://localhost:{port + 1}',
        f'http://evil.example@{own}',
        f'http://{own}.evil.example',
    ):
        for path in ('/', '/config', '/gradio_api/upload', '/gradio_api/queue/join'):
            for method in ('GET', 'POST'):
                found = answer(address, path, method, b'', Host=own, Origin=origin)
                assert found[0] == 403, (origin, path)


def test_the_headers_keep_a_page_to_itself(start):
    parts = urlsplit(start())
    connection = HTTPConnection(parts.hostname, parts.port)
    connection.request('GET', '/')
    headers = connection.getresponse().headers
    assert "frame-ancestors 'none'" in headers['Content-Security-Policy']
    assert headers['Cross-Origin-Opener-Policy'] == 'same-origin'
    assert headers['Cross-Origin-Resource-Policy'] == 'same-origin'
    assert headers['X-Content-Type-Options'] == 'nosniff'


def test_no_file_is_returned_and_no_address_fetched(start, tmp_path):
    address = start()
    asked = []
    with HTTPServer(asked) as elsewhere:
        path = Visitor(address).upload('a.png', b'secret')
        for route in ('/gradio_api/file=', '/gradio_api/proxy=', '/file='):
            for target in (elsewhere, path, '/etc/passwd'):
                assert answer(address, f'{route}{target}')[0] in (403, 404)
        visitor = Visitor(address)
        for target in (elsewhere, '/etc/passwd', str(tmp_path / '../x'), 'file:///etc'):
            file = {'path': target, 'meta': {'_type': 'gradio.FileData'}}
            found = visitor.ask('upload', 'change', [file, 0.5, 0.3])
            assert not found['success']
            assert str(tmp_path) not in json.dumps(found)
    assert asked == []


class HTTPServer:
    """Notes who asks."""

    def __init__(self, asked):
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)

        self.server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f'http://127.0.0.1:{self.server.server_port}/photo.png'

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def test_uploads_are_bounded_together(start):
    visitor = Visitor(start())
    for number in range(20):
        try:
            visitor.upload(f'{number}.png', bytes([number]) * LIMIT)
        except HTTPError as error:
            assert error.code == 503
            break
    kept = [p.stat().st_size for p in start.folder.rglob('*') if p.is_file()]
    assert 2 * LIMIT <= sum(kept) <= 8 * LIMIT


def test_a_stuck_photograph_does_not_block_others(start, tmp_path, monkeypatch):
    write_image(tmp_path / 'photo.png')
    photo = (tmp_path / 'photo.png').read_bytes()
    address, analyse = start(), start.examiner.analyse
    stuck, go = threading.Event(), threading.Event()

    def slowly(content, name, pixel_limit):
        if name == 'slow.png':
            stuck.set()
            assert go.wait(60)
        return analyse(content, name, pixel_limit)

    monkeypatch.setattr(start.examiner, 'analyse', slowly)
    answers = []
    slow = Visitor(address)
    thread = threading.Thread(
        target=lambda: answers.append(slow.examine('slow.png', photo + b'1'))
    )
    thread.start()
    assert stuck.wait(60)
    assert Visitor(address).examine('photo.png', photo)['success']
    assert answers == []
    go.set()
    thread.join()
    assert answers[0]['success']


def test_a_forgotten_analysis_is_stated(start):
    found = Visitor(start()).ask('threshold', 'change', [None, 0.5, 0.3])
    assert 'Upload a photograph' in found['output']['data'][0]


def test_other_machines_need_a_token(start):
    assert is_loopback('127.0.0.1') and is_loopback('::1') and is_loopback('localhost')
    assert not is_loopback('0.0.0.0') and not is_loopback('example.org')
    for host in ('0.0.0.0', '192.0.2.1', '::', 'forensics.example'):
        with pytest.raises(ValueError, match='--token'):
            start(host=host)
    address = start(token='söcret')
    for given in ('wrong', 'söcret:', ''):
        basic = base64.b64encode(f'me:{given}'.encode()).decode()
        status, text = answer(address, Authorization=f'Basic {basic}')
        assert status == 401 and 'token' in text
    assert answer(address)[0] == 401
    assert answer(address, Authorization='Basic %%%')[0] == 401
    basic = base64.b64encode('me:söcret'.encode()).decode()
    assert answer(address, Authorization=f'Basic {basic}')[0] == 200


@pytest.mark.skipif(os.name != 'posix', reason='signals of POSIX')
def test_folders_that_killed_servers_left_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path))
    ended = subprocess.Popen([sys.executable, '-c', ''])
    ended.wait()
    left = tmp_path / f'mpc_serve_{ended.pid}_x'
    running = tmp_path / f'mpc_serve_{os.getppid()}_x'
    other, target = tmp_path / 'mpc_serve_notes', tmp_path / 'target'
    link = tmp_path / f'mpc_serve_{ended.pid}_link'
    for folder in (left, running, other, target):
        folder.mkdir()
        (folder / 'photo.png').write_bytes(b'x')
    link.symlink_to(target)
    monkeypatch.setenv('GRADIO_TEMP_DIR', '')
    with upload_folder() as own:
        assert os.environ['GRADIO_TEMP_DIR'] == own
        assert not left.exists()
        assert all((f / 'photo.png').exists() for f in (running, other, target))
    assert not os.path.exists(own)
