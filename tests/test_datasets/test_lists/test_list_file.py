import hashlib
import os

import pytest

from mpc_mmseg.datasets.lists.list_file import (
    ListEntry,
    ListHeader,
    read_list_file,
    rehash,
    write_list,
)

ENTRIES = [
    ListEntry('i/a.jpg', 'm/a.png', ('casia2/ani 1', 'casia2/pla2'), ('splice',)),
    ListEntry('i/ü b.jpg', 'm/b.png', (), ('imd2020', 'ai')),
    ListEntry('c.jpg', None, ('casia2/pla2',)),
    ListEntry('d.jpg'),
]
LINES = [
    'i/a.jpg\tm/a.png\tcasia2/ani 1,casia2/pla2\tsplice',
    'i/ü b.jpg\tm/b.png\t-\timd2020,ai',
    'c.jpg\t-\tcasia2/pla2',
    'd.jpg\t-',
]


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
        '# another\n'
        'authentic/e.jpg\t\n'
    )
    found = read_list_file(path)
    assert found.entries == [
        ListEntry('images/a b.jpg', 'masks/a b.png'),
        ListEntry('authentic/c.jpg', None),
        ListEntry('authentic/d.jpg', None),
        ListEntry('authentic/e.jpg', None),
    ]
    assert found.header is None
    assert found.comments == ['a comment', 'another']


def test_windows_text(path):
    path.write_bytes('\ufeffa.jpg\tä.png\r\nb.jpg\r\n'.encode())
    assert read_list_file(path).entries == [
        ListEntry('a.jpg', 'ä.png'),
        ListEntry('b.jpg'),
    ]


def test_what_is_written_is_read_back(path):
    entries = [('x 1.jpg', 'm/x 1.png'), ('ü/y.jpg', None), (' z.jpg', 'm/z-.png')]
    write_list(path, entries, comments=['split of photographs', ''])
    assert read_list_file(path).entries == [ListEntry(*entry) for entry in entries]
    assert path.read_text(encoding='utf-8').startswith('# split of photographs\n#\n')


def test_a_protocol_is_one_line_an_image_below_its_header(path):
    header = ListHeader('mixture', '1', {'splice': 40, 'imd2020': 20})
    write_list(path, ENTRIES, ['by hand'], header)
    hashed = ['repeat: imd2020 x20', 'repeat: splice x40', *LINES]
    digest = hashlib.sha256(''.join(f'{line}\n' for line in hashed).encode())
    assert path.read_text(encoding='utf-8').split('\n') == [
        '# forgery list 1',
        '# name: mixture',
        '# version: 1',
        '# counts: 2 forged, 2 authentic',
        '# repeat: imd2020 x20',
        '# repeat: splice x40',
        f'# sha256: {digest.hexdigest()}',
        '# by hand',
        *LINES,
        '',
    ]
    found = read_list_file(path)
    assert (found.header, found.entries) == (header, ENTRIES)
    assert found.comments == ['by hand']
    assert found.sha256 == digest.hexdigest()
    assert [found.repeat_of(entry) for entry in ENTRIES] == [40, 20, 1, 1]


def test_the_hash_is_of_what_is_read_not_of_how_it_is_written(path, tmp_path):
    write_list(path, ENTRIES, ['by hand'], ListHeader('a', '1'))
    text = (
        path.read_bytes().replace(b'name: a', b'name: b').replace(b'd.jpg\t-', b'd.jpg')
    )
    path.write_bytes(text.replace(b'\n', b'\r\n') + b'# the end\r\n')
    found = read_list_file(path)
    write_list(tmp_path / 'plain.txt', ENTRIES)
    assert found.sha256 == read_list_file(tmp_path / 'plain.txt').sha256
    write_list(tmp_path / 'plain.txt', ENTRIES[::-1])
    assert found.sha256 != read_list_file(tmp_path / 'plain.txt').sha256


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ('m/b.png', 'm/c.png', 'other entries'),
        ('casia2/ani 1,', '', 'other entries'),
        ('imd2020,ai', 'imd2020', 'other entries'),
        (
            'd.jpg\t-\n',
            '',
            '2 forged and 1 authentic images, its header states 2 and 2',
        ),
        ('splice x40', 'splice x4', 'other entries'),
        ('splice x40', 'slice x40', 'no image has the repeated tag'),
        (
            'splice x40',
            'splice 40',
            'one "# repeat: TAG xN" per tag, not \'splice 40\'',
        ),
        ('# version: 1\n', '', '0 lines "# version: ..."'),
        ('2 forged, 2', '2 forged 2', 'N forged, M authentic'),
    ],
)
def test_an_edited_list_is_refused(path, old, new, message):
    write_list(path, ENTRIES, header=ListHeader('a', '1', {'splice': 40}))
    text = path.read_text(encoding='utf-8')
    assert old in text
    path.write_text(text.replace(old, new), encoding='utf-8')
    with pytest.raises(ValueError, match=r'train\.txt') as error:
        read_list_file(path)
    assert message in str(error.value)
    if 'entries' in message or 'states' in message:
        assert f'rehash_list.py {path} --version' in str(error.value)


def test_factors_that_do_not_apply_are_not_written(path):
    with pytest.raises(ValueError, match="repeated tag 'casia2'"):
        write_list(path, ENTRIES, header=ListHeader('a', '1', {'casia2': 2}))
    with pytest.raises(ValueError, match=r'i/ü b\.jpg has two tags'):
        write_list(path, ENTRIES, header=ListHeader('a', '1', {'imd2020': 2, 'ai': 3}))
    assert not path.exists()


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (('', '1'), "name must be one line of text, not ''"),
        (('a', '1\n2'), 'version'),
        (('a', '1', {'Splice': 2}), "'Splice' is not a tag"),
        (('a', '1', {'splice': 0}), r"repeats\['splice'\]"),
        (('a', '1', {'splice': 1.5}), r"repeats\['splice'\]"),
    ],
)
def test_headers_that_would_not_be_read_back(arguments, message):
    with pytest.raises(ValueError, match=message):
        ListHeader(*arguments)


def test_write_makes_folders_and_leaves_nothing_else(tmp_path):
    path = tmp_path / 'lists' / 'a.txt'
    write_list(path, [('old.jpg', None)])
    write_list(path, iter([('new.jpg', None)]))
    assert read_list_file(path).entries == [ListEntry('new.jpg')]
    assert os.listdir(path.parent) == ['a.txt']


@pytest.mark.parametrize('name', ['', ' ', '-', '#a.jpg', 'a\tb.jpg', 'a\n.jpg'])
def test_names_that_would_not_be_read_back(path, name):
    path.write_text('old.jpg\n')
    with pytest.raises(ValueError, match='file name'):
        write_list(path, [(name, None)])
    with pytest.raises(ValueError, match='file name'):
        write_list(path, [('a.jpg', name)])
    assert path.read_text() == 'old.jpg\n'


@pytest.mark.parametrize('group', ['', '-', ' a', 'a,b', 'a\tb'])
def test_groups_that_would_not_be_read_back(path, group):
    with pytest.raises(ValueError, match='source group'):
        write_list(path, [('a.jpg', None, (group,))])


@pytest.mark.parametrize('tag', ['', '-', 'Splice', 'a b'])
def test_tags_that_would_not_be_read_back(path, tag):
    with pytest.raises(ValueError, match='is not a tag'):
        write_list(path, [('a.jpg', None, (), (tag,))])


def test_one_name_for_several(path):
    with pytest.raises(ValueError, match="tags must be a tuple of names, not 'splice'"):
        write_list(path, [('a.jpg', None, (), 'splice')])


@pytest.mark.parametrize('comment', ['a\nb.jpg', 'a\n'])
def test_comment_of_two_lines(path, comment):
    with pytest.raises(ValueError, match='one line'):
        write_list(path, [], comments=[comment])


@pytest.mark.parametrize('comment', ['name: x', 'sha256: 0', 'forgery list 1'])
def test_comment_that_would_be_taken_for_the_header(path, comment):
    with pytest.raises(ValueError, match='a line of the header'):
        write_list(path, [], comments=[comment])


def test_missing_file(path):
    with pytest.raises(FileNotFoundError, match=r'train\.txt'):
        read_list_file(path)


@pytest.mark.parametrize('line', ['a.jpg\tb.png\tc\td\te', '\tb.png', 'a\t-\t-\tA b'])
def test_bad_line(path, line):
    path.write_text(f'# comment\nok.jpg\n{line}\n')
    with pytest.raises(ValueError, match=r'train\.txt, line 3'):
        read_list_file(path)


def test_not_text(path):
    path.write_bytes(b'\xff\xd8\xff\xe0')
    with pytest.raises(ValueError, match=r'train\.txt is not UTF-8'):
        read_list_file(path)


@pytest.fixture
def listed(tmp_path):
    path = tmp_path / 'val.txt'
    entries = [('a.jpg', 'a.png', (), ('splice',)), ('b.jpg', None)]
    write_list(path, entries, ['by hand'], ListHeader('casia', '1', {'splice': 3}))
    return path


def edit(path):
    path.write_text(f'{path.read_text()}# found later\nc.jpg\n')


def test_an_edited_list_gets_a_new_version(listed):
    edit(listed)
    with pytest.raises(ValueError, match=r"no longer those of 'casia', version '1'"):
        rehash(listed)
    with pytest.raises(ValueError, match='give it a new version'):
        rehash(listed, version='1')
    line = rehash(listed, version='2')
    found = read_list_file(listed)
    assert found.header == ListHeader('casia', '2', {'splice': 3})
    assert [entry.image for entry in found.entries] == ['a.jpg', 'b.jpg', 'c.jpg']
    assert found.comments == ['by hand', 'found later']
    assert 'casia, version 2' in line and found.sha256 in line


def test_an_unedited_list_stays_as_it_is(listed):
    before = listed.read_bytes()
    rehash(listed)
    assert listed.read_bytes() == before
    rehash(listed, name='casia-small')
    assert read_list_file(listed).header.name == 'casia-small'


def test_a_plain_list_gets_a_header(tmp_path):
    path = tmp_path / 'plain.txt'
    path.write_text('# by hand\na.jpg\n')
    with pytest.raises(ValueError, match=r'plain\.txt is a plain list'):
        rehash(path, version='1')
    rehash(path, '1', 'mine')
    assert read_list_file(path).header == ListHeader('mine', '1')
    assert read_list_file(path).comments == ['by hand']
