import cv2
import numpy as np
import pytest

from mpc_mmseg.datasets.forge import ForgeRecipe
from mpc_mmseg.datasets.forge.text import write_text


def heights(low, high):
    return ForgeRecipe(text_height_range=(low, high))


def test_text_is_marked_and_readable(scene):
    for seed in range(8):
        image = scene(seed, (160, 240))
        forged, mask, drawn = write_text(
            image, np.random.default_rng(seed), heights(0.1, 0.2)
        )
        changed = np.abs(forged.astype(int) - image).max(axis=2)
        assert len(drawn['text']) >= 3 and 0.002 < mask.mean() < 0.2
        # the strokes differ from what was there; beyond their soft edge nothing does
        assert changed[mask > 0].mean() > 25
        assert not changed[cv2.dilate(mask, np.ones((9, 9), np.uint8)) == 0].any()


def test_the_same_seed_writes_the_same(scene):
    image = scene(0)
    first, second = (write_text(image, np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    assert first[2] == second[2]


def test_text_goes_where_the_image_is_smooth():
    noise = np.random.default_rng(0).integers(0, 256, (160, 240, 3), dtype=np.uint8)
    noise[:, 120:] = 90
    masks = [
        write_text(noise, np.random.default_rng(seed), heights(0.06, 0.08))[1]
        for seed in range(8)
    ]
    right = [mask[:, 120:].sum() / mask.sum() for mask in masks]
    assert np.mean(right) > 0.8


def test_too_small():
    with pytest.raises(ValueError, match='too small'):
        write_text(np.zeros((4, 4, 3), np.uint8), np.random.default_rng(0))
