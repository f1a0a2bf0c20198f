import subprocess
import sys
from pathlib import Path

import pytest

from mpc_mmseg.datasets import ForgeryDataset
from mpc_mmseg.datasets.source_split import (
    connected_groups,
    source_ids,
    split_groups,
)

PATTERN = '([a-z]{3})_?([0-9]{4})'


def test_sources_from_names():
    forged = source_ids('Sp_D_CND_A_pla0005_pla0023_0281', PATTERN)
    assert forged == {'pla0005', 'pla0023'}
    assert source_ids('Au_pla_0005', PATTERN) == {'pla0005'}
    assert source_ids('holiday', PATTERN) == {'holiday'}
    assert source_ids('holiday', None) == {'holiday'}


def test_groups_join_through_shared_sources():
    sources = {
        'a': frozenset('12'), 'b': frozenset('23'), 'c': frozenset('4'),
        'd': frozenset('3'),
    }  # fmt: skip
    assert sorted(connected_groups(sources)) == [['a', 'b', 'd'], ['c']]


def test_groups_stay_whole_and_the_share_is_kept():
    groups = [[f'{g}_{i}' for i in range(1 + g % 4)] for g in range(40)]
    train, val = split_groups(groups, 0.25, seed=3)
    total = sum(map(len, groups))
    assert len(train) + len(val) == total and not set(train) & set(val)
    assert 0.2 * total <= len(val) <= 0.25 * total
    assert not {n.split('_')[0] for n in train} & {n.split('_')[0] for n in val}
    assert (train, val) == split_groups(groups, 0.25, seed=3)
    assert (train, val) != split_groups(groups, 0.25, seed=4)


def test_bad_shares_are_named():
    with pytest.raises(ValueError, match='val_share'):
        split_groups([['a'], ['b']], 1.0, 0)
    with pytest.raises(ValueError, match='cannot be divided'):
        split_groups([['a', 'b']], 0.2, 0)


def test_tool_writes_lists_that_the_data_set_reads(forgery_folder):
    script = Path(__file__).parents[2] / 'tools/dataset_converters/split_by_source.py'
    subprocess.run(
        [sys.executable, script, forgery_folder, '--val-share', '0.3'],
        check=True,
        capture_output=True,
        env={'PYTHONPATH': str(Path(__file__).parents[2]), 'PATH': ''},
    )
    sides = {
        name: ForgeryDataset(data_root=str(forgery_folder), ann_file=f'{name}.txt')
        for name in ('train', 'val')
    }
    assert all(info['forged'] for info in map(sides['train'].get_data_info, range(3)))
    names = [
        {Path(d.get_data_info(i)['img_path']).name for i in range(len(d))}
        for d in sides.values()
    ]
    assert not names[0] & names[1] and len(names[1]) == 2
