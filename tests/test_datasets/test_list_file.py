import os

import pytest

from mpc_mmseg.datasets.list_file import ListEntry, read_list, write_list


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'train.txt'


def test_columns_comments_and_empty_lines(path):
    path.write_text(
        '# a comment\n'
        'images/a b.jpg\tmasks/a b.png\n'
        '\n'
        'authentic/c.jpg\t-\n'
        'authentic/d.jpg\n'
        'authentic/e.jpg\t\n'
    )
    assert read_list(path) == [
        ListEntry('images/a b.jpg', 'masks/a b.png'),
        ListEntry('authentic/c.jpg', None),
        ListEntry('authentic/d.jpg', None),
        ListEntry('authentic/e.jpg', None),
    ]


def test_windows_text(path):
    path.write_bytes('\ufeffa.jpg\tä.png\r\nb.jpg\r\n'.encode())
    assert read_list(path) == [('a.jpg', 'ä.png'), ('b.jpg', None)]


def test_what_is_written_is_read_back(path):
    entries = [('x 1.jpg', 'm/x 1.png'), ('ü/y.jpg', None), (' z.jpg', 'm/z-.png')]
    write_list(path, entries, header_lines=['split of photographs', ''])
    assert read_list(path) == entries
    assert path.read_text(encoding='utf-8').startswith('# split of photographs\n#\n')


def test_write_makes_folders_and_leaves_nothing_else(tmp_path):
    path = tmp_path / 'lists' / 'a.txt'
    write_list(path, [('old.jpg', None)])
    write_list(path, iter([('new.jpg', None)]))
    assert read_list(path) == [('new.jpg', None)]
    assert os.listdir(path.parent) == ['a.txt']


@pytest.mark.parametrize('name', ['', ' ', '-', '#a.jpg', 'a\tb.jpg', 'a\n.jpg'])
def test_names_that_would_not_be_read_back(path, name):
    path.write_text('old.jpg\n')
    with pytest.raises(ValueError, match='file name'):
        write_list(path, [(name, None)])
    with pytest.raises(ValueError, match='file name'):
        write_list(path, [('a.jpg', name)])
    assert path.read_text() == 'old.jpg\n'


def test_header_of_two_lines(path):
    with pytest.raises(ValueError, match='one line'):
        write_list(path, [], header_lines=['a\nb.jpg'])


def test_missing_file(path):
    with pytest.raises(FileNotFoundError, match=r'train\.txt'):
        read_list(path)


@pytest.mark.parametrize('line', ['a.jpg\tb.png\tc', '\tb.png'])
def test_bad_line(path, line):
    path.write_text(f'# comment\nok.jpg\n{line}\n')
    with pytest.raises(ValueError, match=r'train\.txt, line 3'):
        read_list(path)


def test_not_text(path):
    path.write_bytes(b'\xff\xd8\xff\xe0')
    with pytest.raises(ValueError, match=r'train\.txt is not UTF-8'):
        read_list(path)
