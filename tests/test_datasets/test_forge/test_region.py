import cv2
import numpy as np

from mpc_mmseg.datasets.forge.region import choose_region, object_mask, snap_to_edges


def square(size, top=40, left=40):
    mask = np.zeros((128, 160), np.uint8)
    mask[top : top + size, left : left + size] = 1
    return mask


def test_objects_that_fit_come_first(scene):
    cut_off, small, fitting = square(40, top=0), square(4), square(40)
    region = choose_region([cut_off, small, fitting], superpixel_probability=1)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        assert region(scene(0), (0.05, 0.2), rng) is fitting


def test_without_objects_nothing_else_is_drawn(scene):
    region = choose_region([square(4)])
    found = region(scene(0), (0.05, 0.2), np.random.default_rng(3))
    expected = object_mask(scene(0), (0.05, 0.2), np.random.default_rng(3))
    np.testing.assert_array_equal(found, expected)


def test_superpixels_instead(scene):
    region = choose_region(superpixel_probability=1)
    drawn = choose_region()
    image = scene(1)
    pairs = [
        (
            region(image, (0.05, 0.2), np.random.default_rng(seed)),
            drawn(image, (0.05, 0.2), np.random.default_rng(seed)),
        )
        for seed in range(4)
    ]
    assert all(0.05 <= one.mean() <= 0.2 for one, _ in pairs)
    assert any(not np.array_equal(one, other) for one, other in pairs)


def test_outline_moves_to_an_edge():
    image = np.full((100, 100, 3), 60, np.uint8)
    disc = np.zeros((100, 100), np.uint8)
    cv2.circle(disc, (50, 50), 25, 1, cv2.FILLED)
    image[disc > 0] = 200
    rough = np.zeros_like(disc)
    cv2.ellipse(rough, (51, 49), (28, 22), 20, 0, 360, 1, cv2.FILLED)
    snapped = snap_to_edges(rough, image)

    def overlap(mask):
        return (mask & disc).sum() / (mask | disc).sum()

    assert overlap(rough) < 0.88 and overlap(snapped) > 0.93


def test_thin_region_is_left_alone():
    image = np.zeros((50, 50, 3), np.uint8)
    line = np.zeros((50, 50), np.uint8)
    line[20:22, 5:45] = 1
    assert np.array_equal(snap_to_edges(line, image), line)


def test_share_in_range_and_connected(scene):
    for seed in range(30):
        mask = object_mask(scene(seed), (0.05, 0.2), np.random.default_rng(seed))
        assert 0.05 <= mask.mean() <= 0.2
        assert set(np.unique(mask)) == {0, 1}
        assert cv2.connectedComponents(mask, connectivity=4)[0] == 2
