import cv2
import numpy as np
import pytest

from mpc_mmseg.datasets.forge.colour_match import match_colour
from mpc_mmseg.datasets.grey import is_grey, to_grey


def test_grey(scene):
    image = scene(0)
    grey = to_grey(image)
    assert not is_grey(image) and is_grey(grey)
    assert np.array_equal(to_grey(grey), grey)


def lightness(image):
    return cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_BGR2Lab)[..., 0]


def test_moves_towards_surroundings():
    rng = np.random.default_rng(0)
    dark = rng.integers(40, 60, (20, 20, 3)).astype(np.uint8)
    light = rng.integers(180, 200, (20, 20, 3)).astype(np.uint8)
    everywhere = np.ones((20, 20), np.uint8)
    means = [
        lightness(match_colour(dark, everywhere, light, everywhere, strength)).mean()
        for strength in (0, 0.5, 1)
    ]
    assert means[0] == pytest.approx(lightness(dark).mean())
    assert means[1] == pytest.approx((means[0] + means[2]) / 2, abs=0.5)
    assert means[2] == pytest.approx(lightness(light).mean(), abs=0.5)


def test_only_masked_pixels_count():
    part = np.full((4, 8, 3), 50, np.uint8)
    part[:, 4:] = 250
    left = np.zeros((4, 8), np.uint8)
    left[:, :4] = 1
    around = np.full((4, 8, 3), 100, np.uint8)
    matched = match_colour(part, left, around, left, 1)
    assert np.abs(matched[:, :4].astype(int) - 100).max() <= 1


def test_nothing_to_match():
    part = np.full((4, 4, 3), 50, np.uint8)
    nothing, everything = np.zeros((4, 4), np.uint8), np.ones((4, 4), np.uint8)
    assert match_colour(part, everything, part, nothing, 1) is part
    assert match_colour(part, nothing, part, everything, 1) is part


def test_invalid_strength():
    part, mask = np.zeros((4, 4, 3), np.uint8), np.ones((4, 4), np.uint8)
    with pytest.raises(ValueError, match=r'strength.*1\.5'):
        match_colour(part, mask, part, mask, 1.5)
