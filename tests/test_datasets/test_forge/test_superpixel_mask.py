import cv2
import numpy as np

from mpc_mmseg.datasets.forge.superpixel_mask import superpixel_mask, superpixels


def test_superpixels_divide_the_whole_image(scene):
    labels = superpixels(scene(0), 100, np.random.default_rng(0))
    assert labels.shape == (128, 160) and labels.min() >= 1
    assert 60 <= len(np.unique(labels)) <= 160


def test_a_region_is_whole_and_of_the_size_asked_for(scene):
    for seed in range(6):
        mask = superpixel_mask(scene(seed), (0.05, 0.2), np.random.default_rng(seed))
        if mask is not None:
            assert mask.dtype == np.uint8 and set(np.unique(mask)) == {0, 1}
            assert 0.05 <= mask.mean() <= 0.2
            assert not (mask[0].any() or mask[-1].any())
            assert not (mask[:, 0].any() or mask[:, -1].any())
    assert mask is not None


def test_a_region_follows_a_thing_of_one_colour():
    image = np.full((160, 160, 3), (60, 120, 60), np.uint8)
    cv2.circle(image, (80, 80), 40, (40, 40, 220), cv2.FILLED)
    disc = np.zeros((160, 160), np.uint8)
    cv2.circle(disc, (80, 80), 40, 1, cv2.FILLED)
    best = 0.0
    for seed in range(12):
        mask = superpixel_mask(image, (0.17, 0.22), np.random.default_rng(seed))
        if mask is not None:
            best = max(best, (mask & disc).sum() / (mask | disc).sum())
    assert best > 0.8


def test_no_region_of_such_a_size(scene):
    rng = np.random.default_rng(0)
    assert superpixel_mask(scene(0, (16, 16)), (0.55, 0.6), rng) is None
