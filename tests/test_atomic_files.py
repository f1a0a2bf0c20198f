import pytest

from mpc_mmseg.atomic_files import atomic_path, write_atomic


def test_a_file_appears_complete_and_no_other_is_left(tmp_path):
    file = tmp_path / 'deep' / 'er' / 'a.txt'
    write_atomic(file, 'ä\r\nb\n')
    assert file.read_bytes() == 'ä\r\nb\n'.encode()
    with atomic_path(file) as temporary:
        temporary.write_bytes(b'new')
        # Readers still see the old file; the new one has another name.
        assert file.read_bytes() == 'ä\r\nb\n'.encode()
        assert temporary.parent == file.parent and temporary.suffix == '.partial'
    assert file.read_bytes() == b'new'
    assert list(file.parent.iterdir()) == [file]


def test_a_failure_keeps_the_old_file(tmp_path):
    file = tmp_path / 'a.txt'
    write_atomic(file, 'old')
    with pytest.raises(RuntimeError), atomic_path(file) as temporary:
        temporary.write_text('half')
        raise RuntimeError
    assert file.read_text() == 'old' and list(tmp_path.iterdir()) == [file]
    with pytest.raises(TypeError):
        write_atomic(file, 7)
    assert file.read_text() == 'old' and list(tmp_path.iterdir()) == [file]
