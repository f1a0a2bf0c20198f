import os

import pytest
import torch

from mpc_mmseg.engine.checkpoints import checkpoint_files
from mpc_mmseg.engine.checkpoints.checkpoint_files import (
    AtomicLocalBackend,
    is_complete,
    latest_checkpoint,
)


@pytest.fixture
def work(tmp_path):
    """A work dir with checkpoints of the iterations 2, 4 and 10."""
    for iteration in (2, 4, 10):
        save(tmp_path, iteration)
    return tmp_path


def save(folder, iteration):
    path = folder / f'iter_{iteration}.pth'
    torch.save({'state_dict': {'x': torch.arange(5000)}}, path)
    (folder / 'last_checkpoint').write_text(path.name)
    return path


def test_a_file_holds_the_old_until_it_holds_all_of_the_new(tmp_path, monkeypatch):
    path, backend = tmp_path / 'new' / 'x.pth', AtomicLocalBackend()
    backend.put(b'old', path)

    def crash(descriptor):
        raise OSError('no space left')

    with monkeypatch.context() as patch:
        patch.setattr(os, 'fsync', crash)
        with pytest.raises(OSError, match='no space'):
            backend.put(b'new', path)
    assert path.read_bytes() == b'old'
    backend.put_text('new', path)
    assert path.read_text() == 'new' and os.listdir(path.parent) == ['x.pth']


def test_truncated_and_altered_files_are_not_whole(tmp_path):
    path = save(tmp_path, 1)
    whole = path.read_bytes()
    assert is_complete(path) and not is_complete(tmp_path / 'none.pth')
    for share in (0, 0.3, 0.9, 0.999):
        path.write_bytes(whole[: int(share * len(whole))])
        assert not is_complete(path)
    place = whole.index(torch.arange(5000).numpy().tobytes()[:400]) + 100
    path.write_bytes(whole[:place] + b'\xff' + whole[place + 1 :])
    assert not is_complete(path)


def test_the_named_checkpoint_is_taken_not_the_newest(work):
    assert latest_checkpoint(work) == str(work / 'iter_10.pth')
    (work / 'last_checkpoint').write_text('/where/it/was/iter_4.pth')
    assert latest_checkpoint(work) == str(work / 'iter_4.pth')


@pytest.mark.parametrize('named', ['', 'iter_12.pth', None])
def test_a_lost_name_gives_the_newest(work, named):
    (work / 'last_checkpoint').unlink()
    if named is not None:
        (work / 'last_checkpoint').write_text(named)
    assert latest_checkpoint(work) == str(work / 'iter_10.pth')


@pytest.mark.parametrize(
    'named', [b'../outside/iter_10.pth', b'iter\x00_4.pth', b'\xff\x80', b'/etc/passwd']
)
def test_a_name_that_leads_nowhere_gives_the_newest(work, named):
    (work.parent / 'outside').mkdir(exist_ok=True)
    save(work.parent / 'outside', 10)
    (work / 'last_checkpoint').write_bytes(named)
    assert latest_checkpoint(work) == str(work / 'iter_10.pth')


def test_pipes_are_not_read(work):
    os.mkfifo(work / 'iter_12.pth')
    (work / 'last_checkpoint').write_text('iter_12.pth')
    assert latest_checkpoint(work) == str(work / 'iter_10.pth')
    (work / 'last_checkpoint').unlink()
    os.mkfifo(work / 'last_checkpoint')
    assert latest_checkpoint(work) == str(work / 'iter_10.pth')


def test_checkpoints_elsewhere_are_found_by_the_hooks_folder(work, tmp_path_factory):
    empty = tmp_path_factory.mktemp('run')
    target = tmp_path_factory.mktemp('out')
    os.symlink(work, target / empty.name)
    assert latest_checkpoint(empty) is None
    found = latest_checkpoint(empty, str(target))
    assert found == str(target / empty.name / 'iter_10.pth')


def test_a_torn_checkpoint_gives_the_one_before(work, monkeypatch):
    said = []
    monkeypatch.setattr(checkpoint_files, 'print_log', lambda m, **_: said.append(m))
    (work / 'last_checkpoint').write_text('iter_4.pth')
    os.truncate(work / 'iter_4.pth', 100)
    assert latest_checkpoint(work) == str(work / 'iter_2.pth')
    assert 'iter_4.pth' in said[0] and 'incomplete or damaged' in said[0]


def test_a_phase_end_is_the_last_resort(work):
    end = work / 'contrast_end.pth'
    (work / 'iter_2.pth').rename(end)
    for iteration in (4, 10):
        os.truncate(work / f'iter_{iteration}.pth', 100)
    assert latest_checkpoint(work) == str(end)


def test_nothing_is_begun_over_checkpoints_that_cannot_be_read(work):
    for path in work.glob('*.pth'):
        os.truncate(path, 100)
    with pytest.raises(RuntimeError, match='none of the checkpoints'):
        latest_checkpoint(work)


def test_an_empty_folder_has_none(tmp_path):
    assert latest_checkpoint(tmp_path) is None
    assert latest_checkpoint(tmp_path / 'not_there') is None
