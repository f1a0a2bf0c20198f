import numpy as np

from mpc_mmseg.datasets.transforms.random_range import draw, draw_seed


def test_draws_cover_the_range_and_repeat():
    np.random.seed(3)
    first = [draw((2, 5)) for _ in range(2000)], draw_seed()
    np.random.seed(3)
    assert first == ([draw((2, 5)) for _ in range(2000)], draw_seed())
    assert 2 <= min(first[0]) < 2.1 and 4.9 < max(first[0]) <= 5
