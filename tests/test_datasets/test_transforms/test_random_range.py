import numpy as np
import pytest

from mpc_mmseg.datasets.transforms.random_range import check_range, draw, draw_seed


def test_draws_cover_the_range_and_repeat():
    np.random.seed(3)
    first = [draw((2, 5)) for _ in range(2000)], draw_seed()
    np.random.seed(3)
    assert first == ([draw((2, 5)) for _ in range(2000)], draw_seed())
    assert 2 <= min(first[0]) < 2.1 and 4.9 < max(first[0]) <= 5


@pytest.mark.parametrize('bounds', [(2, 1), (-1, 1), (0, 3), 1, (1, 1, 1), ('a', 1)])
def test_bad_ranges_are_named(bounds):
    with pytest.raises(ValueError, match=r'scale must be a pair .* within 0\.\.2'):
        check_range('scale', bounds, 0, 2)
