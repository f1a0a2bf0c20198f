import numpy as np
import pytest

from mpc_mmseg.datasets.forge.paste import MARGIN, cut_out
from mpc_mmseg.datasets.forge.position import (
    MAX_OVERLAP,
    find_best_position,
    find_position,
)


@pytest.fixture
def block():
    mask = np.zeros((60, 80), np.uint8)
    mask[20:40, 30:55] = 1
    return mask


@pytest.fixture
def low_block():
    mask = np.zeros((60, 80), np.uint8)
    mask[10:25, 20:50] = 1
    return mask


def test_a_part_finds_where_it_came_from(scene, block):
    image = scene(0, (60, 80))
    position, cost = find_best_position(cut_out(image, block), image)
    assert position == (20 - MARGIN, 30 - MARGIN) and cost < 1


def test_in_a_large_image_to_within_the_reduction(scene):
    image = scene(3, (300, 400))
    mask = np.zeros((300, 400), np.uint8)
    mask[120:200, 150:260] = 1
    (top, left), _ = find_best_position(cut_out(image, mask), image)
    assert abs(top - (120 - MARGIN)) <= 4 and abs(left - (150 - MARGIN)) <= 4


def test_occupied_positions_are_avoided(scene, block):
    image = scene(1, (60, 80))
    part = cut_out(image, block)
    (top, left), _ = find_best_position(part, image, block)
    pasted = np.zeros((60, 80), np.uint8)
    pasted[top : top + part.mask.shape[0], left : left + part.mask.shape[1]] = part.mask
    assert (pasted & block).sum() <= MAX_OVERLAP * block.sum()
    assert find_best_position(part, image, np.ones_like(block)) is None


def test_no_room(scene, block):
    part = cut_out(scene(0, (60, 80)), block, scale=3)
    assert find_best_position(part, scene(1, (60, 80))) is None


def test_random_position_where_the_seam_shows_least(low_block):
    source = np.full((60, 80, 3), 200, np.uint8)
    background = np.full((60, 160, 3), 20, np.uint8)
    background[:, 100:] = 200
    found = find_position(
        cut_out(source, low_block), background, np.random.default_rng(0), tries=60
    )
    assert found is not None
    (top, left), cost = found
    assert 0 <= top <= 60 - 23 and left >= 100 - MARGIN and cost == 0


def test_occupied_random_positions_are_avoided(scene, low_block):
    background = scene(1, (60, 80))
    occupied = np.zeros((60, 80), np.uint8)
    occupied[:30] = 1
    part = cut_out(background, low_block)
    for seed in range(10):
        found = find_position(
            part, background, np.random.default_rng(seed), 30, occupied
        )
        assert found is not None
        rows = 30 - (found[0][0] + MARGIN)
        assert rows <= MAX_OVERLAP * low_block.any(axis=1).sum()
    occupied[:] = 1
    assert (
        find_position(part, background, np.random.default_rng(0), occupied=occupied)
        is None
    )


def test_no_room_for_a_random_position(scene, low_block):
    part = cut_out(scene(0, (60, 80)), low_block, scale=3)
    assert find_position(part, scene(1, (60, 80)), np.random.default_rng(0)) is None
