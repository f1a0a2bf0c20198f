from pathlib import PurePosixPath

import pytest

from mpc_mmseg.datasets.layouts import Inventory, Sample
from mpc_mmseg.datasets.layouts.tables import (
    inverted,
    only_file,
    read_table,
    samples_of_rows,
)


def test_tables_with_and_without_a_mark_at_the_start(tmp_path):
    path = tmp_path / 'a.csv'
    for encoding in ('utf-8', 'utf-8-sig'):
        path.write_text('real|fake\n1|"2, 3"\n', encoding=encoding)
        assert read_table(path, '|', ('real',)) == [{'real': '1', 'fake': '2, 3'}]
    with pytest.raises(ValueError, match=r"no column \['mask'\]"):
        read_table(path, '|', ('real', 'mask'))
    with pytest.raises(FileNotFoundError, match=r'b\.csv'):
        read_table(tmp_path / 'b.csv', '|', ())


def test_a_table_in_another_encoding_is_named(tmp_path):
    path = tmp_path / 'a.csv'
    path.write_text('real|fake\n1|2\n', encoding='utf-16')
    with pytest.raises(ValueError, match=r'a\.csv is not a CSV file in UTF-8.*save it'):
        read_table(path, '|', ('real',))


def test_rows_whose_files_are_missing():
    rows = [{'i': 'a.jpg', 'm': 'a.png'}, {'i': 'b.jpg', 'm': 'b.png'}, {'i': 'c.jpg'}]
    files = ['d/a.jpg', 'd/a.png', 'd/b.jpg', 'd/c.jpg']
    found = samples_of_rows(
        rows, files, PurePosixPath('d'), lambda row: Sample(row['i'], row.get('m'))
    )
    assert found.samples == [Sample('d/a.jpg', 'd/a.png'), Sample('d/c.jpg')]
    assert found.missing == ['d/b.png']


def test_paths_of_windows():
    rows = [{'i': r'sub\a.jpg', 'm': r'sub\a.png'}]
    found = samples_of_rows(
        rows,
        ['d/sub/a.jpg', 'd/sub/a.png'],
        PurePosixPath('d'),
        lambda row: Sample(row['i'], row['m']),
    )
    assert found.samples == [Sample('d/sub/a.jpg', 'd/sub/a.png')]


def test_inverted_leaves_authentic_images_alone():
    found = inverted(Inventory([Sample('a.jpg', 'a.png'), Sample('b.jpg')]))
    forged, authentic = found.samples
    assert forged.mask is None and forged.draw is not None and forged.forged
    assert authentic == Sample('b.jpg')


def test_the_only_file():
    assert only_file(['x/t.csv', 'u.csv'], 't.csv') == PurePosixPath('x/t.csv')
    with pytest.raises(FileNotFoundError, match='found 2'):
        only_file(['x/t.csv', 't.csv'], 't.csv')
