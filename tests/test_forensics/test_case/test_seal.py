import hashlib
import json

import pytest

from mpc_mmseg.forensics.case.seal import SealError, check_seal, sealed


def test_the_seal_is_the_hash_of_the_lines_above_it():
    text, seal = sealed('{"case": 1,\n', 'json')
    assert seal == 'sha256:' + hashlib.sha256(b'{"case": 1,\n').hexdigest()
    assert json.loads(text) == {'case': 1, 'seal': seal}
    assert check_seal(text.encode()) == seal
    page, seal = sealed('<p>ä</p>\n', 'html')
    assert page.splitlines()[-1] == f'<!-- seal {seal} -->'
    assert check_seal(page.encode()) == seal


@pytest.mark.parametrize(
    'change',
    [
        lambda c: c.replace(b'one', b'two'),
        lambda c: c.replace(b'-->', b'--><script>alert(1)</script>'),
        lambda c: c + b'<p>more</p>\n',
        lambda c: b'\n' + c,
        lambda c: c[:-1],
        lambda c: c.rpartition(b'<!--')[0],
        lambda c: c.replace(b'\n', b'\r\n'),
        lambda c: b'',
    ],
)
def test_every_change_is_detected(change):
    content = sealed('<p>one</p>\n', 'html')[0].encode()
    with pytest.raises(SealError):
        check_seal(change(content))


def test_a_seal_within_the_text_counts_for_nothing():
    inner, _ = sealed('a\n', 'html')
    text, seal = sealed(inner, 'html')
    assert check_seal(text.encode()) == seal
    with pytest.raises(SealError, match='altered'):
        check_seal(text.replace('a\n', 'b\n').encode())


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match='body'):
        sealed('no line break', 'html')
    with pytest.raises(ValueError, match=r'kind.*xml'):
        sealed('a\n', 'xml')
