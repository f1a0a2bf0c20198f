import pytest

from mpc_mmseg.datasets.ranges import check_range


@pytest.mark.parametrize('bounds', [(2, 1), (-1, 1), (0, 3), 1, (1, 1, 1), ('a', 1)])
def test_bad_ranges_are_named(bounds):
    with pytest.raises(ValueError, match=r'scale must be a pair .* within 0\.\.2'):
        check_range('scale', bounds, 0, 2)
