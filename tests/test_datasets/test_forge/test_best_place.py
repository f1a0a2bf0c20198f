import numpy as np
import pytest

from mpc_mmseg.datasets.forge.best_place import find_best_place
from mpc_mmseg.datasets.forge.paste import MARGIN, cut_out


@pytest.fixture
def block():
    mask = np.zeros((60, 80), np.uint8)
    mask[20:40, 30:55] = 1
    return mask


def test_a_part_finds_where_it_came_from(scene, block):
    image = scene(0, (60, 80))
    place, cost = find_best_place(cut_out(image, block), image)
    assert place == (20 - MARGIN, 30 - MARGIN) and cost < 1


def test_in_a_large_image_to_within_the_reduction(scene):
    image = scene(3, (300, 400))
    mask = np.zeros((300, 400), np.uint8)
    mask[120:200, 150:260] = 1
    (top, left), _ = find_best_place(cut_out(image, mask), image)
    assert abs(top - (120 - MARGIN)) <= 4 and abs(left - (150 - MARGIN)) <= 4


def test_occupied_places_are_left(scene, block):
    image = scene(1, (60, 80))
    part = cut_out(image, block)
    (top, left), _ = find_best_place(part, image, block, max_overlap=0.1)
    pasted = np.zeros((60, 80), np.uint8)
    pasted[top : top + part.mask.shape[0], left : left + part.mask.shape[1]] = part.mask
    assert (pasted & block).sum() <= 0.1 * block.sum()
    assert find_best_place(part, image, np.ones_like(block)) is None


def test_no_room(scene, block):
    part = cut_out(scene(0, (60, 80)), block, scale=3)
    assert find_best_place(part, scene(1, (60, 80))) is None
