import numpy as np
import pytest

from mpc_mmseg.datasets.forge.photographs import (
    find_photographs,
    random_crop,
    repeat_crop,
)


def test_find(photographs):
    found = find_photographs(
        [photographs, photographs / '..' / 'photographs'], (64, 64)
    )
    assert [each.name for each in found] == [
        'photographs/a.png',
        'photographs/b.jpg',
        'photographs/grey.png',
        'photographs/more/c.png',
    ]
    assert [each.grey for each in found] == [False, False, True, False]
    assert len({each.digest for each in found}) == 4


def test_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere'):
        find_photographs([tmp_path / 'nowhere'], (64, 64))


def test_empty_folder(tmp_path):
    (tmp_path / 'notes.txt').write_text('')
    with pytest.raises(ValueError, match=f'folder without images: {tmp_path}'):
        find_photographs([tmp_path], (64, 64))


def test_damaged_and_small_photographs_are_named(photographs):
    (photographs / 'b.jpg').write_bytes((photographs / 'b.jpg').read_bytes()[:900])
    (photographs / 'broken.png').write_bytes(b'')
    with pytest.raises(ValueError) as error:
        find_photographs([photographs], (128, 170))
    message = str(error.value)
    assert '2 photograph(s) cannot be read' in message
    assert 'b.jpg' in message and 'broken.png' in message
    assert '3 photograph(s) are smaller than 128 x 170' in message
    assert 'c.png (128 x 160)' in message


def test_crop_without_scaling(scene):
    image = scene(0)
    crop, drawn = random_crop(image, (64, 70), (1, 1), np.random.default_rng(0))
    top, left = drawn['top'], drawn['left']
    expected = image[top : top + 64, left : left + 70]
    if drawn['mirrored']:
        expected = expected[:, ::-1]
    assert drawn['downscale'] == 1
    assert np.array_equal(crop, expected) and crop.flags['C_CONTIGUOUS']


def test_a_crops_corner_lies_on_the_grid(scene):
    corners = set()
    for seed in range(60):
        _, drawn = random_crop(
            scene(0), (64, 64), (1, 1), np.random.default_rng(seed), block=16
        )
        corners.add((drawn['top'], drawn['left']))
    rows, columns = map(set, zip(*corners))
    assert rows == set(range(0, 65, 16)) and columns == set(range(0, 97, 16))


def test_crop_is_never_larger_than_the_scaled_photograph(scene):
    for seed in range(20):
        crop, drawn = random_crop(
            scene(0), (100, 100), (0.1, 1), np.random.default_rng(seed)
        )
        assert crop.shape == (100, 100, 3)
        assert 100 / 128 <= drawn['downscale'] <= 1
    assert random_crop(scene(0), (128, 160), (0.5, 1), np.random.default_rng(0))[
        0
    ].shape == (128, 160, 3)


def test_a_mask_is_cropped_as_its_photograph(scene):
    photograph = scene(0, (120, 150))
    mask = (photograph[..., 0] > 128).astype(np.uint8)
    marked = np.repeat(mask[..., None] * 255, 3, 2)
    for seed in range(6):
        crop, drawn = random_crop(
            marked, (64, 70), (1, 1), rng := np.random.default_rng(seed)
        )
        repeated = repeat_crop(mask, (64, 70), drawn)
        np.testing.assert_array_equal(repeated * 255, crop[..., 0])
        crop, drawn = random_crop(marked, (64, 70), (0.6, 0.8), rng)
        repeated = repeat_crop(mask, (64, 70), drawn)
        assert (repeated == (crop[..., 0] > 127)).mean() > 0.95
