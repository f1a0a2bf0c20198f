import cv2
import pytest

from mpc_mmseg.datasets.check import measured
from mpc_mmseg.datasets.check.measured import measure_all
from mpc_mmseg.datasets.lists.list_file import ListEntry


@pytest.fixture
def entries(tmp_path, scene):
    found = []
    for seed in range(40):
        image, mask = scene(seed, (32, 48))
        paths = tmp_path / f'{seed}.jpg', tmp_path / f'{seed}.png'
        cv2.imwrite(str(paths[0]), image)
        cv2.imwrite(str(paths[1]), mask)
        found.append(ListEntry(*map(str, paths)))
    return found


def test_processes_find_what_one_finds(entries, tmp_path):
    calls = []
    alone = measure_all(entries, tmp_path / 'a', 0)
    both = measure_all(entries, tmp_path / 'b', 2, lambda: calls.append(1))
    assert both == alone and len(calls) == 40
    assert [each.size for each in alone] == [(32, 48)] * 40


def test_an_interrupted_check_goes_on(entries, tmp_path, monkeypatch):
    cache, read = tmp_path / 'cache', []
    expected = measure_all(entries, tmp_path / 'whole', 0)

    def measure(entry):
        if len(read) == 7:
            raise KeyboardInterrupt
        read.append(entry)
        return expected[entries.index(entry)]

    monkeypatch.setattr(measured, 'measure', measure)
    with pytest.raises(KeyboardInterrupt):
        measure_all(entries, cache, 0)
    with open(cache, 'a') as file:
        file.write('["killed in the middle of a li')
    read = ['once more']
    assert measure_all(entries[:12], cache, 0) == expected[:12]
    assert len(read) == 1 + 5
    read = []
    assert measure_all(entries[:12], cache, 0) == expected[:12]
    assert not read


def test_a_changed_file_is_read_again(entries, tmp_path, scene):
    before = measure_all(entries[:2], tmp_path / 'cache', 0)
    cv2.imwrite(entries[0].image, scene(99, (64, 48))[0])
    after = measure_all(entries[:2], tmp_path / 'cache', 0)
    assert after[0].size == (64, 48) and after[1] == before[1]


def test_a_negative_number_of_processes(tmp_path):
    with pytest.raises(ValueError, match='workers must not be negative, got -1'):
        measure_all([], tmp_path / 'cache', -1)
