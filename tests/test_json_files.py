import pytest

from mpc_mmseg.json_files import json_line, json_lines, parse_json, read_json

NAMES = ('plain', 'a\u2028b', 'a\x85b', 'a\nb', 'bad\udcff.jpg', '\x1b[2J')


def test_lines_are_ascii_and_any_name_survives(tmp_path):
    path = tmp_path / 'lines.jsonl'
    path.write_text(''.join(json_line({'path': name}) for name in NAMES), 'ascii')
    read = list(json_lines(path))
    assert read == [(i, {'path': name}) for i, name in enumerate(NAMES, start=1)]


@pytest.mark.parametrize(
    'damaged', [b'{"path": "\xc3', b'[1]', b'7', b'{', b'[' * 99999, b'\xff\xfe']
)
def test_a_damaged_line_is_named_or_left_out(tmp_path, damaged):
    path = tmp_path / 'lines.jsonl'
    path.write_bytes(b'{"a": 1}\n' + damaged + b'\n{"a": 2}\n')
    with pytest.raises(ValueError, match=r'lines\.jsonl, line 2 is not a valid record'):
        list(json_lines(path))
    assert [line['a'] for _, line in json_lines(path, skip_damaged=True)] == [1, 2]


def test_numbers_that_json_has_not_are_refused():
    with pytest.raises(ValueError):
        json_line({'score': float('nan')})


def test_deep_nesting_is_an_error_with_the_files_name(tmp_path):
    path = tmp_path / 'deep.json'
    path.write_text('[' * 100_000)
    with pytest.raises(ValueError, match=r'deep\.json is not valid JSON'):
        read_json(path)
    with pytest.raises(ValueError):
        parse_json('{"a":' * 100_000)
