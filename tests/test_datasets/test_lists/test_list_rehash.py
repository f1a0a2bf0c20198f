import pytest

from mpc_mmseg.datasets.lists.list_file import ListHeader, read_list_file, write_list
from mpc_mmseg.datasets.lists.list_rehash import rehash


@pytest.fixture
def path(tmp_path):
    path = tmp_path / 'val.txt'
    entries = [('a.jpg', 'a.png', (), ('splice',)), ('b.jpg', None)]
    write_list(path, entries, ['by hand'], ListHeader('casia', '1', {'splice': 3}))
    return path


def edit(path):
    path.write_text(f'{path.read_text()}# found later\nc.jpg\n')


def test_an_edited_list_gets_a_new_version(path):
    edit(path)
    with pytest.raises(ValueError, match=r"no longer those of 'casia', version '1'"):
        rehash(path)
    with pytest.raises(ValueError, match='give it a new version'):
        rehash(path, version='1')
    said = rehash(path, version='2')
    found = read_list_file(path)
    assert found.header == ListHeader('casia', '2', {'splice': 3})
    assert [entry.image for entry in found.entries] == ['a.jpg', 'b.jpg', 'c.jpg']
    assert found.comments == ['by hand', 'found later']
    assert 'casia, version 2' in said and found.sha256 in said


def test_an_unedited_list_stays_as_it_is(path):
    before = path.read_bytes()
    rehash(path)
    assert path.read_bytes() == before
    rehash(path, name='casia-small')
    assert read_list_file(path).header.name == 'casia-small'


def test_a_plain_list_gets_a_header(tmp_path):
    path = tmp_path / 'plain.txt'
    path.write_text('# by hand\na.jpg\n')
    with pytest.raises(ValueError, match=r'plain\.txt is a plain list'):
        rehash(path, version='1')
    rehash(path, '1', 'mine')
    assert read_list_file(path).header == ListHeader('mine', '1')
    assert read_list_file(path).comments == ['by hand']
