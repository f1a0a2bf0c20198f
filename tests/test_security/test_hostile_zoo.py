"""Zoos, servers and caches of somebody who means harm."""

import json
import os
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler

import numpy as np
import pytest
import torch
from bright_is_forged import write_image
from local_server import local_server
from tool_by_path import run_tool

from mpc_mmseg.apis.export.onnx_export import METADATA_KEY
from mpc_mmseg.apis.inference.folder_inference import infer_folder
from mpc_mmseg.apis.inference.model_from_files import load_model
from mpc_mmseg.apis.inference.onnx_engine import OnnxEngine, read_description
from mpc_mmseg.apis.zoo import download
from mpc_mmseg.apis.zoo import zoo as module
from mpc_mmseg.apis.zoo.download import fetch
from mpc_mmseg.apis.zoo.zoo import Zoo, ZooEntry, format_index, model_file, parse_index
from mpc_mmseg.atomic_files import write_atomic
from mpc_mmseg.hashing import sha256
from mpc_mmseg.plain_text import shown_address

CONTENT = b'weights ' * 500


def entry(**changes):
    said = dict(
        name='small',
        file='small.pth',
        sha256=sha256(CONTENT),
        size=len(CONTENT),
        config='small_config',
        card='small.md',
        terms='for tests',
    )
    return ZooEntry(**{**said, **changes})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv('MPC_ZOO_CACHE', str(tmp_path / 'cache'))
    monkeypatch.setenv('no_proxy', '*')
    folder = tmp_path / 'served'
    folder.mkdir()
    (folder / 'index.json').write_text(format_index([entry()]))
    (folder / 'small.pth').write_bytes(CONTENT)
    return folder


class Handler(SimpleHTTPRequestHandler):
    def do_GET(self):
        if not self.path.startswith('/drip'):
            return super().do_GET()
        self.send_response(200)
        self.end_headers()
        for _ in range(20):
            self.wfile.write(b'x')
            self.wfile.flush()
            time.sleep(0.05)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(folder):
    with local_server(partial(Handler, directory=folder)) as server:
        yield server


PIN = sha256(b'index')


@pytest.mark.parametrize(
    'pin',
    [
        '#',
        f'#{PIN}',
        f'#sha256={PIN[:63]}',
        f'#sha256={PIN}0',
        f'#sha256={PIN}\n',
        f'#sha256={PIN} ',
        f'#sha256={PIN}/',
        f'#SHA256={PIN}',
        f'#sha256:{PIN}',
        f'# sha256={PIN}',
        f'#sha256=#sha256={PIN}',
        f'#sha1={PIN}',
    ],
)
def test_a_pin_that_is_not_understood_is_an_error(pin):
    with pytest.raises(ValueError, match='64 hexadecimal digits'):
        Zoo.from_environment(f'https://example.org/zoo{pin}')


def test_a_pin_in_capitals_is_a_pin():
    zoo = Zoo.from_environment(f'zoo#sha256={PIN.upper()}')
    assert (zoo.location, zoo.pin) == ('zoo', PIN)


@pytest.mark.parametrize(
    'field, value',
    [
        ('file', 'm.py'),
        ('file', 'm.json'),
        ('file', 'm.pth.py'),
        ('file', 'm.pth\n'),
        ('file', '.pth'),
        ('file', 'a\\b.pth'),
        ('terms', 'free\x1b[2J'),
        ('terms', 'free\nsealed: unaltered'),
        ('card', 'a\u202egpj.md'),
        ('config', '\u2028'),
        ('size', True),
        ('size', 2**40),
        ('size', 1.5),
        ('onnx', dict(file='../a.onnx', sha256=PIN, size=1)),
    ],
)
def test_an_entry_that_could_do_harm_is_refused_without_printing_it(field, value):
    with pytest.raises(ValueError) as caught:
        entry(**{field: value})
    assert str(caught.value).isprintable()


def test_nothing_of_an_index_reaches_a_terminal_unescaped(folder, monkeypatch, capsys):
    index = json.loads(format_index([entry()]))
    for key, value in (('format', '\x1b[2J'), ('version', ['\x1b'])):
        with pytest.raises(ValueError) as caught:
            parse_index(json.dumps({**index, key: value}).encode(), 'here')
        assert '\x1b' not in str(caught.value)
    index['models'][0]['terms'] = 'a\x1b]0;title\x07'
    (folder / 'index.json').write_text(json.dumps(index))
    assert run_tool(monkeypatch, 'zoo.py', 'list', '--zoo', folder) == 2
    assert '\x1b' not in ''.join(capsys.readouterr())
    with pytest.raises(ValueError, match='here is not an index'):
        parse_index(b'[' * 100_000, 'here')


def test_downloads_are_bounded_in_bytes_and_time(folder, server, monkeypatch):
    (folder / 'small.pth').write_bytes(CONTENT + b'more')
    with pytest.raises(ValueError, match=f'larger than the {len(CONTENT):,} bytes'):
        Zoo.from_environment(server.address).find('small')
    monkeypatch.setattr(module, '_INDEX_LIMIT', 100)
    with pytest.raises(ValueError, match='larger than the 100 bytes'):
        Zoo.from_environment(server.address).find('small')
    monkeypatch.setattr(download, '_SECONDS', 0.2)
    with pytest.raises(ConnectionError, match='too slowly'):
        fetch(f'{server.address}/drip', 100)


def test_errors_show_no_password(monkeypatch):
    for address in (
        'https://me:hunter2@127.0.0.1:9/zoo',
        'http://127.0.0.1:9/zoo?token=hunter2',
        'http://127.0.0.1:9/hunter2@x?a#hunter2',
        's3://me:hunter2@bucket/key',
        'gopher://me:hunter2@host/zoo',
    ):
        with pytest.raises((OSError, ValueError)) as caught:
            fetch(address, 100)
        shown = str(caught.value).replace('/hunter2@x', '')
        assert 'hunter2' not in shown
    assert shown_address('https://u:p@h/a/b?q=1#f') == 'https://h/a/b'
    assert shown_address('a folder') == 'a folder'


def test_a_cached_index_of_another_user_is_not_believed(
    folder, server, monkeypatch, capsys
):
    zoo = Zoo.from_environment(server.address)
    zoo.find('small')
    address = server.address
    server.shutdown()
    server.server_close()
    assert zoo.find('small').read_bytes() == CONTENT
    monkeypatch.setattr(os, 'getuid', lambda: 12345)
    own = os.stat(next(zoo.cache.glob('*/index.json'))).st_uid
    if own == 0:  # root is believed; a stranger is not
        status = os.stat_result((0o100644, 1, 1, 1, 777, 0, 10, 0, 0, 0))
        monkeypatch.setattr(os, 'fstat', lambda _: status)
    with pytest.raises(ConnectionError, match='cannot download'):
        Zoo.from_environment(address).find('small')


def test_nothing_is_written_through_a_planted_link(folder, server, tmp_path):
    elsewhere = tmp_path / 'elsewhere'
    elsewhere.mkdir()
    zoo = Zoo.from_environment(server.address)
    zoo.cache.mkdir()
    (zoo.cache / sha256(CONTENT)[:16]).symlink_to(elsewhere)
    with pytest.raises(PermissionError, match='is a link'):
        zoo.find('small')
    assert not list(elsewhere.iterdir())
    target = elsewhere / 'precious'
    target.write_text('precious')
    # The name that was predictable.
    (tmp_path / f'a.txt.{os.getpid()}.partial').symlink_to(target)
    (tmp_path / 'a.txt').symlink_to(target)
    write_atomic(tmp_path / 'a.txt', 'new')
    assert target.read_text() == 'precious'
    assert (tmp_path / 'a.txt').read_text() == 'new'


def test_a_cache_that_cannot_be_written_still_serves(folder, server, monkeypatch):
    zoo = Zoo.from_environment(server.address)
    zoo.find('small')

    def read_only(*_):
        raise PermissionError('read-only')

    monkeypatch.setattr(module, '_store', read_only)
    assert zoo.find('small').read_bytes() == CONTENT


def test_a_file_that_is_swapped_after_it_was_verified_is_not_used(
    checkpoint, tmp_path, monkeypatch
):
    content = checkpoint.read_bytes()
    zoo = tmp_path / 'zoo'
    zoo.mkdir()
    (zoo / 'small.pth').write_bytes(content)
    one = entry(sha256=sha256(content), size=len(content))
    (zoo / 'index.json').write_text(format_index([one]))
    monkeypatch.setenv('MPC_ZOO', str(zoo))
    load_model('small', device='cpu')
    found = model_file('small')
    other = torch.load(checkpoint)
    other['state_dict']['weight'] += 1
    torch.save(other, zoo / 'small.pth')
    for model, weights in ((found, None), (checkpoint, found)):
        with pytest.raises(RuntimeError, match='was replaced after'):
            load_model(model, weights, device='cpu')


def test_random_weights_predict_nothing(config, tmp_path):
    write_image(tmp_path / 'a.png')
    with pytest.raises(ValueError, match='its weights are needed'):
        infer_folder(tmp_path / 'a.png', tmp_path / 'out', model=config)


def test_the_onnx_form_is_found_if_it_is_asked_for(folder, monkeypatch):
    monkeypatch.setenv('MPC_ZOO', str(folder))
    assert model_file('small', onnx=True).name == 'small.pth'  # it has none
    graph = b'a graph'
    (folder / 'small.onnx').write_bytes(graph)
    form = dict(file='small.onnx', sha256=sha256(graph), size=len(graph))
    (folder / 'index.json').write_text(format_index([entry(onnx=form)]))
    assert model_file('small').name == 'small.pth'
    assert model_file('small', onnx=True).name == 'small.onnx'
    (folder / 'small.onnx').write_bytes(b'another')
    with pytest.raises(RuntimeError, match='altered'):
        model_file('small', onnx=True)


DESCRIPTION = dict(
    format=1, resize=None, channel_order='RGB', mean=[0, 0, 0], std=[1, 1, 1],
    pad_value=0, size_divisor=1, threshold=0.5, calibration=None, pipeline=[],
    data_preprocessor={'type': 'SegDataPreProcessor'},
)  # fmt: skip


@pytest.mark.parametrize(
    'key, value',
    [
        ('resize', [10**9, 10**9]),
        ('resize', [0, 5]),
        ('resize', [5]),
        ('resize', [1.5, 2]),
        ('resize', 'this'),
        ('channel_order', 'x'),
        ('mean', [float('nan'), 0, 0]),
        ('mean', ['0', 0, 0]),
        ('std', [0, 1, 1]),
        ('std', [1, 1]),
        ('pad_value', float('inf')),
        ('size_divisor', 10**12),
        ('size_divisor', 0),
        ('size_divisor', True),
        ('threshold', '0.5'),
        ('threshold', -1),
        ('pipeline', {'type': 'this'}),
        ('pipeline', ['this']),
        ('pipeline', [{}]),
        ('data_preprocessor', None),
        ('data_preprocessor', {}),
        ('needs', 5),
        ('needs', {'x': 1}),
        ('needs', {'grid': 0}),
        ('needs', {'multiple': '8'}),
        ('needs', {'tta': 5}),
        ('calibration', 'x'),
    ],
)
def test_the_numbers_of_an_onnx_file_are_checked(key, value):
    def read(**changes):
        return read_description(
            {METADATA_KEY: json.dumps({**DESCRIPTION, **changes})}, 'a.onnx'
        )

    assert read() == DESCRIPTION
    with pytest.raises(ValueError, match=rf'a\.onnx .*{key}='):
        read(**{key: value})


def test_an_onnx_graph_of_another_form_is_an_error_of_the_photograph():
    class Session:
        def run(self, names, feed):
            if isinstance(self.gives, Exception):
                raise self.gives
            return [self.gives]

    engine = OnnxEngine.__new__(OnnxEngine)
    engine.session, engine.measures = Session(), 0
    image = np.zeros((1, 3, 8, 8), np.float32)
    for gives in (np.float32(1), np.zeros((1, 1, 2, 2)), RuntimeError('no input')):
        engine.session.gives = gives
        with pytest.raises(ValueError, match='ONNX model'):
            engine.run(image)


def test_verification_continues_after_a_missing_model(folder, monkeypatch, capsys):
    (folder / 'index.json').write_text(
        format_index([entry(), entry(name='absent', file='absent.pth')])
    )
    assert run_tool(monkeypatch, 'zoo.py', 'verify', '--zoo', folder) == 1
    shown = capsys.readouterr()
    assert 'small.pth' in shown.out and 'absent.pth' in shown.err
    assert run_tool(monkeypatch, 'zoo.py', 'list', '--zoo', f'{folder}#pin') == 2
    assert 'the pin of' in capsys.readouterr().err
