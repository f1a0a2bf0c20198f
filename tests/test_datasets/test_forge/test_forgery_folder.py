import json

import numpy as np
import pytest
from PIL import Image

from mpc_mmseg.datasets import ForgeryDataset
from mpc_mmseg.datasets.forge import PRESETS, forgery_folder
from mpc_mmseg.datasets.forge.forgery_folder import list_entry, make_forgeries
from mpc_mmseg.datasets.forge.forgery_set import ForgerySet
from mpc_mmseg.datasets.lists.list_file import read_list_file


def wanted(**changes):
    values = {
        'recipe': PRESETS['natural'],
        'count': 6,
        'authentic': 2,
        'size': (64, 80),
        'seed': 1,
    }
    return ForgerySet(**{**values, **changes})


def contents(folder):
    """Every file below a folder, by its path in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file()
    }


def test_layout(photographs, tmp_path):
    out = tmp_path / 'deep' / 'set'
    calls = []
    made = make_forgeries(
        [photographs], out, wanted(), on_image=lambda: calls.append(1)
    )
    assert made == len(calls) == 8
    assert {path.name for path in out.iterdir()} == {
        'images',
        'masks',
        'authentic',
        'forgeries.jsonl',
        'list.txt',
        'settings.json',
    }
    assert [path.name for path in out.parent.iterdir()] == ['set']
    assert len(list((out / 'images').iterdir())) == 6
    assert len(list((out / 'authentic').iterdir())) == 2
    records = [
        json.loads(line) for line in (out / 'forgeries.jsonl').read_text().splitlines()
    ]
    assert [each['kind'] for each in records[:3]] == ['splice', 'copy_move', 'removal']
    for record in records:
        image = Image.open(out / record['image'])
        assert image.size == (80, 64) and image.mode == 'RGB'
        if record['kind'] == 'authentic':
            assert 'mask' not in record
            continue
        mask = Image.open(out / record['mask'])
        assert mask.mode == 'L' and mask.size == (80, 64)
        values = np.asarray(mask)
        assert set(np.unique(values)) == {0, 255}
        assert (values > 0).mean() == pytest.approx(record['forged_share'])


def test_the_data_set_reads_it(photographs, tmp_path):
    make_forgeries([photographs], tmp_path / 'set', wanted())
    dataset = ForgeryDataset(data_root=str(tmp_path / 'set'))
    forged = [dataset.get_data_info(each)['forged'] for each in range(len(dataset))]
    assert forged.count(True) == 6 and forged.count(False) == 2


def test_forged_only(photographs, tmp_path):
    make_forgeries([photographs], tmp_path / 'set', wanted(authentic=0))
    assert not (tmp_path / 'set' / 'authentic').exists()


def test_jpeg(photographs, tmp_path):
    make_forgeries([photographs], tmp_path / 'set', wanted(image_format='jpg'))
    names = {path.suffix for path in (tmp_path / 'set' / 'images').iterdir()}
    assert names == {'.jpg'}
    assert {path.suffix for path in (tmp_path / 'set' / 'masks').iterdir()} == {'.png'}


def test_workers_change_nothing(photographs, tmp_path):
    make_forgeries([photographs], tmp_path / 'one', wanted())
    make_forgeries([photographs], tmp_path / 'three', wanted(), workers=3)
    assert contents(tmp_path / 'one') == contents(tmp_path / 'three')


def test_a_finished_set_is_left_unchanged(photographs, tmp_path, monkeypatch):
    out = tmp_path / 'set'
    out.mkdir()  # an empty folder may be there
    make_forgeries([photographs], out, wanted())
    before = contents(out)
    monkeypatch.setattr(forgery_folder, 'make_image', None)
    assert make_forgeries([photographs], out, wanted()) == 0
    assert contents(out) == before


def test_interruption_and_resume(photographs, tmp_path, monkeypatch):
    out, complete = tmp_path / 'set', tmp_path / 'complete'
    make_forgeries([photographs], complete, wanted())
    original, made = forgery_folder.make_image, []

    def interrupted(*args):
        if len(made) == 4:
            raise KeyboardInterrupt
        made.append(1)
        return original(*args)

    monkeypatch.setattr(forgery_folder, 'make_image', interrupted)
    with pytest.raises(KeyboardInterrupt):
        make_forgeries([photographs], out, wanted())
    assert not out.exists()

    monkeypatch.setattr(forgery_folder, 'make_image', original)
    with pytest.raises(
        ValueError, match=r'set\.partial .*seed: 1 in the folder, 2 requested'
    ):
        make_forgeries([photographs], out, wanted(seed=2))
    assert make_forgeries([photographs], out, wanted()) == 4
    assert contents(out) == contents(complete)
    assert not (tmp_path / 'set.partial').exists()


def test_files_are_written_atomically(photographs, tmp_path, monkeypatch):
    out = tmp_path / 'set'

    def full_disk(*_):
        raise OSError('no space left')

    monkeypatch.setattr(forgery_folder.os, 'replace', full_disk)
    with pytest.raises(OSError, match='no space left'):
        make_forgeries([photographs], out, wanted())
    assert not out.exists()


@pytest.mark.parametrize(
    'changes, message',
    [
        ({'count': 7}, 'count: 6 in the folder, 7 requested'),
        ({'size': (64, 64)}, 'size'),
        ({'recipe': PRESETS['demo']}, 'recipe: .*area_range'),
        ({'image_format': 'jpg'}, 'image_format: png in the folder, jpg requested'),
    ],
)
def test_other_settings(photographs, tmp_path, changes, message):
    make_forgeries([photographs], tmp_path / 'set', wanted())
    with pytest.raises(ValueError, match=message):
        make_forgeries([photographs], tmp_path / 'set', wanted(**changes))


def test_other_photographs(photographs, tmp_path, scene):
    make_forgeries([photographs], tmp_path / 'set', wanted())
    Image.fromarray(scene(77)).save(photographs / 'a.png')
    with pytest.raises(ValueError, match=r'photographs: photographs/a\.png'):
        make_forgeries([photographs], tmp_path / 'set', wanted())


def test_folder_of_something_else(photographs, tmp_path):
    (tmp_path / 'set').mkdir()
    (tmp_path / 'set' / 'thesis.txt').write_text('precious')
    with pytest.raises(ValueError, match=r'no settings\.json'):
        make_forgeries([photographs], tmp_path / 'set', wanted())
    assert (tmp_path / 'set' / 'thesis.txt').read_text() == 'precious'


def test_file_missing_from_a_finished_set(photographs, tmp_path):
    make_forgeries([photographs], tmp_path / 'set', wanted())
    (tmp_path / 'set' / 'masks' / 'removal_000002.png').unlink()
    with pytest.raises(FileNotFoundError, match='removal_000002'):
        make_forgeries([photographs], tmp_path / 'set', wanted())


def test_invalid_workers(photographs, tmp_path):
    with pytest.raises(ValueError, match='workers'):
        make_forgeries([photographs], tmp_path / 'set', wanted(), workers=0)


def test_the_list_has_photographs_and_kinds(photographs, tmp_path):
    make_forgeries([photographs], tmp_path / 'set', wanted())
    listed = read_list_file(tmp_path / 'set' / 'list.txt')
    assert listed.header.name.startswith('forgeries-') and len(listed.entries) == 8
    first, second, *_, last = listed.entries
    assert first.tags == ('splice',) and len(set(first.groups)) == 2
    assert all(each.startswith('photographs/') for each in first.groups)
    assert second.tags == ('copy-move',) and len(second.groups) == 1
    assert last.mask is None and last.tags == ()
    dataset = ForgeryDataset(ann_file='list.txt', data_root=str(tmp_path / 'set'))
    assert len(dataset) == 8


def test_an_entry_by_hand():
    record = {'image': 'images/a.png', 'mask': 'masks/a.png', 'kind': 'ai_patch'}
    record['sources'] = {'background': 'p/x,1.jpg', 'donor': 'q/y.png'}
    entry = list_entry(record)
    assert entry == ('images/a.png', 'masks/a.png', ('p/x_1', 'q/y'), ('ai',))
