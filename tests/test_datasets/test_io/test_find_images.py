import os

import pytest

from mpc_mmseg.datasets.io.find_images import find_images, walk
from mpc_mmseg.datasets.layouts.layout import index_files


@pytest.fixture
def linked(tmp_path):
    """Two folders with a photograph each, a loop and a second path to one of them."""
    for name in ('a', 'b'):
        (tmp_path / name).mkdir()
        (tmp_path / name / f'{name}.jpg').write_bytes(b'x')
    (tmp_path / 'a' / 'loop').symlink_to(tmp_path)
    (tmp_path / 'b' / 'other').symlink_to(tmp_path / 'a')
    return tmp_path


def test_each_real_folder_once(linked):
    found = [(os.path.relpath(parent, linked), files) for parent, files in walk(linked)]
    assert found == [('.', []), ('a', ['a.jpg']), ('b', ['b.jpg'])]


def test_readers_of_folders_count_each_photograph_once(linked):
    images, problems = find_images(str(linked))
    assert [os.path.basename(path) for _, path in images] == ['a.jpg', 'b.jpg']
    assert not problems
    assert index_files(linked) == ['a/a.jpg', 'b/b.jpg']


def test_unwanted_folders_are_left_out(linked):
    found = [parent for parent, _ in walk(linked, lambda path: not path.endswith('a'))]
    assert [os.path.basename(parent) for parent in found[1:]] == ['b', 'other']


def test_a_folder_that_cannot_be_read(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere'):
        list(walk(tmp_path / 'nowhere'))


def test_what_is_left_out_is_told(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(
        'mmengine.logging.print_log', lambda text, **_: told.append(text)
    )
    (tmp_path / 'results').mkdir()
    for name in ('results.jsonl', 'settings.json', 'a_mask.png'):
        (tmp_path / 'results' / name).write_bytes(b'x')
    (tmp_path / 'IMG_1').write_bytes(b'\xff\xd8\xff\xe0')
    (tmp_path / '.b.jpg').write_bytes(b'x')
    for name in ('.DS_Store', 'README', 'notes.md'):
        (tmp_path / name).write_bytes(b'text')
    images, problems = find_images(str(tmp_path))
    assert images == [('./IMG_1', str(tmp_path / 'IMG_1'))] and not problems
    for word in ('earlier results', 'hidden image', '.md', 'no suffix'):
        assert f"{word}': 1" in told[0]
    # The folder of results itself may be read.
    assert len(find_images(str(tmp_path / 'results'))[0]) == 1
