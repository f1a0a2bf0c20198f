import pytest

from mpc_mmseg.datasets.check.checked_list import open_lists
from mpc_mmseg.datasets.lists.list_file import write_list


def test_lists_and_folders(forgery_folder):
    write_list(forgery_folder / 'a.txt', [('images/0.png', 'masks/0.png')])
    write_list(forgery_folder / 'masks/a.txt', [('../images/0.png', None)])
    paths = ['a.txt', 'masks/a.txt', '.', 'authentic']
    paths = [str(forgery_folder / path) for path in paths]
    lists = open_lists(paths)
    assert [each.name for each in lists] == [*paths[:2], 'data', 'authentic']
    assert [len(each.entries) for each in lists] == [1, 1, 8, 2]
    assert lists[0].entries[0].mask == str(forgery_folder / 'masks/0.png')
    assert not any(each.defects for each in lists)


def test_what_is_wrong_with_a_list_is_kept(forgery_folder):
    write_list(forgery_folder / 'a.txt', [('x.png', None), ('images/0.png', None)] * 2)
    (forgery_folder / 'masks/1.png').unlink()
    lists = open_lists([str(forgery_folder / 'a.txt'), str(forgery_folder)])
    kinds = [[d.kind for d in each.defects] for each in lists]
    assert kinds == [
        ['listed twice', 'listed twice', 'missing file'],
        ['unpaired file'],
    ]
    assert 'missing mask' in lists[1].defects[0].detail
    root = str(forgery_folder / 'images')
    entries = open_lists([str(forgery_folder / 'a.txt')], data_root=root)[0].entries
    assert entries == []


def test_half_a_folder(forgery_folder):
    (forgery_folder / 'masks').rename(forgery_folder / 'truth')
    with pytest.raises(ValueError, match='not both images/ and masks/'):
        open_lists([str(forgery_folder)])
