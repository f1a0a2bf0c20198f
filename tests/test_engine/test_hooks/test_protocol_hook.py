from types import SimpleNamespace

import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import Runner

from mpc_mmseg.datasets.lists.list_file import ListHeader, write_list
from mpc_mmseg.engine.hooks import ProtocolHook


@pytest.fixture
def lists(forgery_folder):
    """Writes a list of some pictures of the folder; gives the data set's config."""

    def write(name, *pictures, header=None, groups=()):
        entries = [(f'images/{p}.png', f'masks/{p}.png', groups) for p in pictures]
        write_list(forgery_folder / f'{name}.txt', entries, header=header)
        return dict(
            type='ForgeryDataset',
            data_root=str(forgery_folder),
            ann_file=f'{name}.txt',
            pipeline=[dict(type='LoadForgeryImage')],
        )

    return write


def check(train=None, val=None, test=None, **config):
    for purpose, dataset in dict(train=train, val=val, test=test).items():
        if dataset:
            config[f'{purpose}_dataloader'] = dict(dataset=dataset)
    ProtocolHook().before_run(SimpleNamespace(cfg=Config(config)))


def test_data_that_are_apart(lists):
    check(lists('train', 0, 1), lists('val', 2), lists('test', 3, 4))


def test_selection_on_test(lists):
    val, test = lists('val', 2, 3), lists('final', 3, 4)
    with pytest.raises(ValueError, match=r"val \('val'\) and test \('final'\) share 1"):
        check(lists('train', 0), val, test)
    with pytest.raises(ValueError, match='allow_selection_on_test'):
        check(None, val, test)  # as tools/test.py has it
    check(lists('train', 0), val, test, allow_selection_on_test=True)


def test_mixtures_are_looked_into(lists):
    mixture = dict(
        type='ConcatDataset',
        datasets=[
            lists('one', 0),
            dict(type='RepeatDataset', times=5, dataset=lists('two', 1, 2)),
        ],
    )
    with pytest.raises(ValueError, match=r"\('one', 'two'\) and val .*images/2\.png"):
        check(mixture, lists('val', 2))


def test_parts_of_one_list_by_indices(lists):
    whole = lists('whole', 0, 1, 2, 3)
    check(
        dict(whole, indices=[0, 1]), dict(whole, indices=[2]), dict(whole, indices=-1)
    )
    with pytest.raises(ValueError, match='share 1 images'):
        check(dict(whole, indices=[0, 1]), dict(whole, indices=[1]))


def test_a_copy_of_a_protocol(lists, forgery_folder):
    copy = forgery_folder.parent / 'copy'
    test = lists('mine', 2, 3, header=ListHeader('mine', '1'))
    copy.mkdir()
    (forgery_folder / 'mine.txt').rename(copy / 'mine.txt')
    for part in ('images', 'masks'):
        (copy / part).symlink_to(forgery_folder / part)
    val = lists('val', 2, 3, header=ListHeader('val', '1'))
    with pytest.raises(ValueError, match=r"one protocol: 'val' and 'mine'"):
        check(None, val, dict(test, data_root=str(copy)))


def test_shared_photographs_and_missing_test_data_are_told(lists, capsys):
    MMLogger.get_instance('protocols', log_level='INFO')
    absent = dict(lists('gone', 4), data_root='nowhere')
    train, val = lists('train', 0, groups=('a/1',)), lists('val', 1, groups=('a/1',))
    check(train, val, absent)
    captured = capsys.readouterr()
    text = captured.out + captured.err
    assert '1 source photographs in common: a/1' in text
    assert 'test data cannot be compared' in text and 'nowhere' in text


def test_a_run_does_not_start(tiny_config):
    tiny_config.custom_hooks.append(dict(type='ProtocolHook'))
    runner = Runner.from_cfg(tiny_config)
    with pytest.raises(ValueError, match=r'train .* and val .* share 6 images'):
        runner.train()
