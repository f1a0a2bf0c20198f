import runpy
import sys
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import pytest
from mmseg.registry import DATASETS

from mpc_mmseg.datasets.lists.source_split import (
    connected_groups,
    source_ids,
    split_groups,
)
from mpc_mmseg.engine.hooks import ProtocolHook
from mpc_mmseg.engine.launch import load_config

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / 'tools/dataset_converters/split_by_source.py'
CONFIG = ROOT / 'configs/hrnet/mpc_hrnet-w18s_1xb8_folders-256x256.py'
PATTERN = '([a-z]{3})_?([0-9]{4})'


def test_sources_from_names():
    forged = source_ids('Sp_D_CND_A_pla0005_pla0023_0281', PATTERN)
    assert forged == {'pla0005', 'pla0023'}
    assert source_ids('Au_pla_0005', PATTERN) == {'pla0005'}
    assert source_ids('holiday', PATTERN) == {'holiday'}
    assert source_ids('Sp_PLA0005', '([A-Z]{3})([0-9]{4})') == {'pla0005'}
    assert source_ids('holiday', None) == {'holiday'}


def test_groups_join_through_shared_sources():
    sources = {
        'a': frozenset('12'), 'b': frozenset('23'), 'c': frozenset('4'),
        'd': frozenset('3'),
    }  # fmt: skip
    assert sorted(connected_groups(sources)) == [['a', 'b', 'd'], ['c']]


def test_groups_are_not_split_and_the_shares_are_kept():
    groups = [[f'{g}_{i}' for i in range(1 + g % 4)] for g in range(40)]
    shares = {'val': 0.25, 'test': 0.1}
    sides = split_groups(groups, shares, seed=3)
    assert list(sides) == ['train', 'val', 'test']
    total = sum(map(len, groups))
    assert sorted(chain(*sides.values())) == sorted(chain(*groups))
    for side, share in shares.items():
        assert (share - 0.05) * total <= len(sides[side]) <= share * total
    held = [{name.split('_')[0] for name in names} for names in sides.values()]
    assert sum(map(len, held)) == len(set.union(*held)) == 40
    assert sides == split_groups(groups, shares, seed=3)
    assert sides != split_groups(groups, shares, seed=4)


def test_a_group_larger_than_every_share_is_trained_on():
    groups = [[f'large{i}' for i in range(6)], ['a'], ['b'], ['c'], ['d']]
    for seed in range(5):
        sides = split_groups(groups, {'val': 0.2, 'test': 0.2}, seed)
        assert sides['train'] == groups[0]


def test_bad_shares_are_named():
    for shares in ({'val': 1.0}, {'val': 0.5, 'test': 0.5}, {'val': 0.2, 'test': -0.1}):
        with pytest.raises(ValueError, match='shares'):
            split_groups([['a'], ['b']], shares, 0)
    with pytest.raises(ValueError, match='nothing is left for test'):
        split_groups([['a'], ['b'], ['c']], {'val': 0.4, 'test': 0.1}, 0)


@pytest.fixture
def split(monkeypatch):
    """The tool, in this process."""

    def run(*arguments):
        command = [str(each) for each in (SCRIPT, *arguments)]
        monkeypatch.setattr(sys, 'argv', command)
        runpy.run_path(command[0], run_name='__main__')

    return run


def test_lists_that_a_folders_config_reads(forgery_folder, split):
    # Seed 2 gives a forged image to each side.
    split(forgery_folder, '--val-share', '0.3', '--test-share', '0.25', '--seed', '2')
    cfg = load_config(str(CONFIG), data_root=str(forgery_folder))
    names = []
    for side in ('train', 'val', 'test'):
        dataset = DATASETS.build(cfg[f'{side}_dataloader'].dataset)
        infos = [dataset.get_data_info(i) for i in range(len(dataset))]
        assert any(info['forged'] for info in infos)
        assert side != 'train' or all(info['forged'] for info in infos)
        names += [Path(info['img_path']).name for info in infos]
    # Validation and test keep the authentic images that they were given.
    assert len(names) == len(set(names)) >= 6
    # Nothing is shared, so nothing needs to be allowed.
    ProtocolHook().before_run(SimpleNamespace(cfg=cfg))


def test_no_test_list_where_none_is_wanted(forgery_folder, split):
    split(forgery_folder, '--val-share', '0.3', '--test-share', '0')
    assert (forgery_folder / 'val.txt').is_file()
    assert not (forgery_folder / 'test.txt').exists()


def test_a_side_without_forgeries_is_refused(forgery_folder, split):
    pattern = ('--source-pattern', '[0-5]')  # no two forged images share a source
    for i in range(1, 6):
        for folder in ('images', 'masks'):
            (forgery_folder / folder / f'{i}.png').unlink()
    shares = ('--val-share', '0.4', '--test-share', '0', '--seed', '1')
    with pytest.raises(SystemExit, match='no forged image for'):
        split(forgery_folder, *pattern, *shares)
    assert not (forgery_folder / 'val.txt').exists()
