import numpy as np

from mpc_mmseg.datasets.forge import choose_region, object_mask


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
