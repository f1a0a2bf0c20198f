import hashlib

from mpc_mmseg.hashing import file_sha256, sha256


def test_parts_and_files_hash_as_their_bytes(tmp_path):
    content = bytes(range(256)) * 2**13 + b'rest'  # more than a block
    (tmp_path / 'file').write_bytes(content)
    expected = hashlib.sha256(content).hexdigest()
    assert sha256(content[:300], memoryview(content)[300:]) == expected
    assert file_sha256(tmp_path / 'file') == expected
