import cv2
import numpy as np
import pytest

from mpc_mmseg.datasets.forge.blend import (
    blend,
    match_colour,
    poisson_blend,
    soft_edge,
)
from mpc_mmseg.datasets.grey import is_grey, to_grey


def half(width=12):
    mask = np.zeros((5, width), np.uint8)
    mask[:, width // 2 :] = 1
    return mask


@pytest.mark.parametrize('width', [0, 0.5, 1])
def test_hard_edge(width):
    assert np.array_equal(soft_edge(half(), width), half().astype(np.float32))


def test_ramp_by_hand():
    # the outline lies between columns 5 and 6; the ramp is 2 pixels wide, so the
    # pixels half a pixel away from it get 0.5 - 0.25 and 0.5 + 0.25
    row = soft_edge(half(), 2)[2]
    expected = [0, 0, 0, 0, 0, 0.25, 0.75, 1, 1, 1, 1, 1]
    assert row == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize('width', [1.5, 2, 3, 6])
def test_above_half_inside_only(width):
    mask = half(20)
    alpha = soft_edge(mask, width)
    assert np.array_equal(alpha > 0.5, mask > 0)
    reach = int(np.ceil(width / 2 + 0.5))
    assert not alpha[:, : 10 - reach].any()
    assert (alpha[:, 10 + reach :] == 1).all()


def test_blend_by_hand():
    background = np.full((1, 3, 3), 100, np.uint8)
    foreground = np.full((1, 3, 3), 201, np.uint8)
    alpha = np.array([[0, 0.25, 1]], np.float32)
    assert blend(background, foreground, alpha)[0, :, 0].tolist() == [100, 125, 201]


@pytest.mark.parametrize('size', [20, 21])
def test_poisson_keeps_the_position_of_the_part(size):
    # a bright dot on even ground: its gradients land where it was
    ground = np.full((60, 70, 3), 90, np.uint8)
    part = np.full((60, 70, 3), 180, np.uint8)
    part[25, 30] = 250
    mask = np.zeros((60, 70), np.uint8)
    mask[15 : 15 + size, 20 : 20 + size] = 1
    blended = poisson_blend(ground, part, mask)
    assert np.unravel_index(blended[..., 0].argmax(), (60, 70)) == (25, 30)
    assert np.abs(blended[27:, 20:].astype(int) - 90).max() <= 3
    np.testing.assert_array_equal(blended[mask == 0], ground[mask == 0])


def test_poisson_of_an_image_with_itself():
    image = np.random.default_rng(0).integers(40, 200, (50, 50, 3), dtype=np.uint8)
    mask = np.zeros((50, 50), np.uint8)
    mask[10:33, 12:40] = 1
    # the region is the foreground up to a smooth offset
    other = np.roll(image, 7, axis=1)
    blended = poisson_blend(image, other, mask).astype(int)
    inner = (slice(11, 32), slice(13, 39))
    rest = (blended - other)[inner]
    assert (
        np.abs(rest - cv2.GaussianBlur(rest.astype(np.float32), (0, 0), 3)).mean() < 6
    )
    assert np.abs(poisson_blend(image, image, mask).astype(int) - image).max() <= 2


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
