import hashlib

import cv2
import numpy as np
import pytest
from PIL import Image

from mpc_mmseg.datasets.check import measure as module
from mpc_mmseg.datasets.check.measure import measure, measure_all
from mpc_mmseg.datasets.lists.list_file import ListEntry


@pytest.fixture
def files(tmp_path, scene):
    image, mask = scene(3)
    paths = tmp_path / 'a.jpg', tmp_path / 'a.png'
    cv2.imwrite(str(paths[0]), image, [cv2.IMWRITE_JPEG_QUALITY, 87])
    cv2.imwrite(str(paths[1]), mask)
    return paths, mask


def look(files):
    return measure(ListEntry(*map(str, files[0])))


def kinds(files):
    return [kind for kind, _ in look(files).defects]


def test_facts_of_a_sound_pair(files):
    facts = look(files)
    assert facts.defects == []
    assert (facts.size, facts.image_format, facts.quality) == (
        (96, 144),
        'JPEG RGB',
        87,
    )
    assert facts.sha256 == hashlib.sha256(files[0][0].read_bytes()).hexdigest()
    assert facts.area == pytest.approx((files[1] > 0).mean())
    assert facts.best_fit == 'no transform' and len(facts.hashes[0]) == 16


@pytest.mark.parametrize('which', [0, 1])
def test_files_that_cannot_be_read(files, which):
    path = files[0][which]
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    assert kinds(files) == ['truncated file']
    path.write_bytes(b'')
    assert kinds(files) == ['zero-size file']
    path.write_text('<html>')
    assert kinds(files) == ['unreadable file']
    path.unlink()
    assert kinds(files) == ['unreadable file']
    Image.fromarray(np.zeros((96, 144), np.float32)).save(path, 'TIFF')
    assert kinds(files) == ['unreadable file']


@pytest.mark.parametrize(
    ('change', 'kind', 'detail'),
    [
        (lambda m: m * 0, 'empty mask', 'no pixel'),
        (
            lambda m: m // 255 * 100,
            'unknown mask coding',
            'the levels 0, 100, none above',
        ),
        (lambda m: m // 255 * 2, 'unknown mask coding', 'the levels 0, 2, none above'),
        (lambda m: m * 0 + 255, 'full mask', 'every pixel'),
        (lambda m: 255 - m, 'mask may be inverted', 'of its border'),
        (lambda m: np.maximum(m, 9), 'non-binary mask', 'neither 0 nor 255'),
        (lambda m: m[:, ::-1], 'mask may be flipped', 'a left-right flip'),
        (lambda m: m.T, 'mask of another size', 'A quarter turn would make them fit'),
        (lambda m: m[::2, ::2], 'mask of another size', 'the same proportions'),
        (lambda m: m[:50], 'mask of another size', 'wide and 50 high'),
    ],
)
def test_defects_of_masks(files, change, kind, detail):
    cv2.imwrite(str(files[0][1]), np.ascontiguousarray(change(files[1])))
    found = look(files).defects
    assert [each for each, _ in found] == [kind]
    assert detail in found[0][1]


def test_a_coding_of_0_and_1_is_binary(files):
    cv2.imwrite(str(files[0][1]), files[1] // 255)
    assert kinds(files) == []


def test_an_authentic_image(files):
    facts = measure(ListEntry(str(files[0][0])))
    assert facts.defects == [] and facts.area is None and facts.mask_sha256 is None


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


def test_processes_give_the_same_as_one(entries, tmp_path):
    calls = []
    alone = measure_all(entries, tmp_path / 'a', 0)
    both = measure_all(entries, tmp_path / 'b', 2, lambda: calls.append(1))
    assert both == alone and len(calls) == 40
    assert [each.size for each in alone] == [(32, 48)] * 40


def test_an_interrupted_check_resumes(entries, tmp_path, monkeypatch):
    cache, read = tmp_path / 'cache', []
    expected = measure_all(entries, tmp_path / 'complete', 0)

    def interrupted(entry):
        if len(read) == 7:
            raise KeyboardInterrupt
        read.append(entry)
        return expected[entries.index(entry)]

    monkeypatch.setattr(module, 'measure', interrupted)
    with pytest.raises(KeyboardInterrupt):
        measure_all(entries, cache, 0)
    with open(cache, 'a') as file:
        file.write('["killed in the middle of a li')
    read = ['resumed']
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
