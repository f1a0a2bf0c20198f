import numpy as np
import pytest

from mpc_mmseg.datasets import RandomSharpen


def test_one_pixel_by_hand():
    image = np.full((5, 5, 3), 100, np.uint8)
    image[2, 2] = 110
    out = RandomSharpen(amount=(0.5, 0.5))({'img': image})['img'][..., 0]
    expected = np.full((5, 5), 100)
    expected[1:4, 1:4] = 95  # 100 - 0.5 * 10
    expected[2, 2] = 150  # 110 + 0.5 * 8 * 10
    assert np.array_equal(out, expected)


def test_strength_is_drawn():
    image = np.random.default_rng(0).integers(80, 170, (30, 30, 3), np.uint8)
    np.random.seed(0)
    spreads = [RandomSharpen()({'img': image})['img'].std() for _ in range(20)]
    assert min(spreads) > image.std() and len(set(spreads)) == 20
    with pytest.raises(ValueError, match='amount'):
        RandomSharpen(amount=(1, 11))
