import hashlib

import pytest

from mpc_mmseg.hashing import file_sha256, sha256, unchanged


def test_parts_and_files_hash_as_their_bytes(tmp_path):
    content = bytes(range(256)) * 2**13 + b'rest'  # more than a block
    (tmp_path / 'file').write_bytes(content)
    expected = hashlib.sha256(content).hexdigest()
    assert sha256(content[:300], memoryview(content)[300:]) == expected
    assert file_sha256(tmp_path / 'file') == expected


def test_a_file_that_is_replaced_while_it_is_read_is_refused(tmp_path):
    path = tmp_path / 'best.pth'
    path.write_bytes(b'old')
    with unchanged(path) as digest:
        assert digest == sha256(b'old')
    with pytest.raises(RuntimeError, match=r'best\.pth was replaced'), unchanged(path):
        path.write_bytes(b'new')
