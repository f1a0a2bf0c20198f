"""Published models by name: from a folder, from a server, damaged, altered, absent."""

import hashlib
from functools import partial
from http.server import SimpleHTTPRequestHandler

import pytest
from local_server import local_server

from mpc_mmseg import atomic_files
from mpc_mmseg.apis.zoo.zoo import (
    Zoo,
    ZooEntry,
    format_index,
    model_file,
    parse_index,
)

CONTENT = b'weights ' * 5000


def entry(**changes):
    said = dict(
        name='mpc_small',
        file='mpc_small_20260131-00000000.pth',
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        size=len(CONTENT),
        config='mpc_small_config',
        card='mpc_small.md',
        terms='for tests',
    )
    return ZooEntry(**{**said, **changes})


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / 'served'
    folder.mkdir()
    (folder / 'index.json').write_text(format_index([entry()]))
    (folder / entry().file).write_bytes(CONTENT)
    return folder


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv('MPC_ZOO_CACHE', str(tmp_path / 'cache'))
    return tmp_path / 'cache'


def cached(cache):
    return [p for p in cache.rglob('*') if p.is_file() and p.name != 'index.json']


class Handler(SimpleHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        if self.server.cut and self.path.endswith('.pth'):
            self.send_response(200)
            self.send_header('Content-Length', str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT[: len(CONTENT) // 2])
        else:
            super().do_GET()

    def log_message(self, *args):
        pass


@pytest.fixture
def server(folder, monkeypatch):
    monkeypatch.setenv('no_proxy', '*')
    with local_server(partial(Handler, directory=folder)) as server:
        server.asked, server.cut = [], False
        yield server


def test_a_folder_is_used_where_it_is(folder, cache, monkeypatch):
    monkeypatch.setenv('MPC_ZOO', f'{folder}/')
    assert model_file('mpc_small') == folder / entry().file
    assert not cache.exists()


@pytest.mark.parametrize('content', [CONTENT[:-1], CONTENT[:-1] + b'!', b''])
def test_an_altered_file_is_refused(folder, cache, server, content):
    (folder / entry().file).write_bytes(content)
    for place in (str(folder), server.address):
        with pytest.raises(RuntimeError, match=r'altered, and is not used'):
            Zoo.from_environment(place).find('mpc_small')
    assert cached(cache) == []


def test_a_server_is_asked_once_for_a_file(server, cache, monkeypatch):
    monkeypatch.setenv('MPC_ZOO', server.address)
    first = model_file('mpc_small')
    assert first == model_file('mpc_small') and first.read_bytes() == CONTENT
    assert server.asked.count(f'/{entry().file}') == 1
    assert cached(cache) == [first] and first.stat().st_mode & 0o044


def test_an_altered_copy_is_fetched_again(server, capsys):
    zoo = Zoo.from_environment(server.address)
    zoo.find('mpc_small').write_bytes(b'altered')
    assert zoo.find('mpc_small').read_bytes() == CONTENT
    assert 'was altered; downloading it again' in capsys.readouterr().err


def test_a_download_that_breaks_off_leaves_nothing(server, cache):
    zoo = Zoo.from_environment(server.address)
    server.cut = True
    with pytest.raises(ConnectionError, match=r'\.pth: the connection broke .*again'):
        zoo.find('mpc_small')
    assert cached(cache) == []
    server.cut = False
    assert zoo.find('mpc_small').read_bytes() == CONTENT


def test_a_full_disk_leaves_nothing(server, cache, monkeypatch):
    def full(*args):
        raise OSError('no space left')

    zoo = Zoo.from_environment(server.address)
    zoo.index()
    monkeypatch.setattr(atomic_files.os, 'replace', full)
    with pytest.raises(OSError, match='no space'):
        zoo.find('mpc_small')
    assert cached(cache) == []


def test_what_was_fetched_works_without_the_server(server, capsys):
    zoo = Zoo.from_environment(server.address)
    found = zoo.find('mpc_small')
    server.shutdown()
    server.server_close()
    assert zoo.find('mpc_small') == found
    assert 'using the cached index' in capsys.readouterr().err
    elsewhere = Zoo.from_environment(f'{server.address}/elsewhere')
    with pytest.raises(ConnectionError, match=r'cannot download .*index\.json'):
        elsewhere.find('mpc_small')


def test_only_the_pinned_index_is_accepted(folder, server):
    pin = hashlib.sha256((folder / 'index.json').read_bytes()).hexdigest()
    zoo = Zoo.from_environment(f'{server.address}#sha256={pin}')
    assert zoo.find('mpc_small') == zoo.find('mpc_small')
    assert len(server.asked) == 2  # the kept index is the one
    other = entry(terms='others')
    (folder / 'index.json').write_text(format_index([other]))
    assert zoo.entries()['mpc_small'].terms == 'for tests'
    for place in (folder, server.address):
        wrong = Zoo.from_environment(f'{place}#sha256={"0" * 64}')
        with pytest.raises(ValueError, match='not the pinned index'):
            wrong.find('mpc_small')


def test_an_unknown_name_lists_near_ones(folder, monkeypatch):
    monkeypatch.setenv('MPC_ZOO', str(folder))
    with pytest.raises(FileNotFoundError, match=r'mpc_smal .*mean mpc_small\?'):
        model_file('mpc_smal')
    with pytest.raises(FileNotFoundError, match='it has mpc_small'):
        model_file('quite_another')
    monkeypatch.setenv('MPC_ZOO', str(folder / 'absent'))
    with pytest.raises(FileNotFoundError, match='MPC_ZOO'):
        model_file('mpc_small')


def test_places(monkeypatch, tmp_path):
    monkeypatch.delenv('MPC_ZOO_CACHE')
    monkeypatch.delenv('MPC_ZOO', raising=False)
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    zoo = Zoo.from_environment()
    assert zoo.cache == tmp_path / 'mpc_mmseg/zoo'
    # The project's own: every file that it names is there, and as it says.
    for name in zoo.entries():
        zoo.find(name)
    with pytest.raises(ValueError, match='is no address https'):
        Zoo.from_environment('gopher://zoo').find('mpc_small')


def test_only_a_name_is_looked_up(monkeypatch, tmp_path):
    monkeypatch.setenv('MPC_ZOO', str(tmp_path / 'absent'))
    for name in ('config.py', 'a/b', 'model.onnx', 'best.pth', str(tmp_path)):
        assert model_file(name) == name
    assert model_file('mpc_small', weights='w.pth') == 'mpc_small'
    with pytest.raises(ValueError, match='the name of a model consists of'):
        model_file('photo of a cat')


@pytest.mark.parametrize(
    ('field', 'value'),
    [
        ('name', '../a'),
        ('file', '../../etc/passwd'),
        ('file', 'https://elsewhere/a.pth'),
        ('sha256', 'abc'),
        ('size', 0),
        ('terms', ''),
    ],
)
def test_a_wrong_entry_is_named(field, value):
    with pytest.raises(ValueError, match='the name of' if field == 'name' else field):
        entry(**{field: value})


def test_what_is_no_index_is_named():
    for content in (b'<html>', b'[]', b'{}', b'{"format": "x", "version": 1}', b'\xff'):
        with pytest.raises(ValueError, match='here is not an index'):
            parse_index(content, 'here')
    twice = format_index([entry(), entry(size=2)]).encode()
    with pytest.raises(ValueError, match='mpc_small twice'):
        parse_index(twice, 'here')
    more = format_index([entry()]).replace('"terms"', '"later": 1, "terms"').encode()
    assert parse_index(more, 'here') == {'mpc_small': entry()}
