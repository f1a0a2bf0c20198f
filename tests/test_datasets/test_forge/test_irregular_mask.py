import cv2
import numpy as np
import pytest

from mpc_mmseg.datasets.forge.irregular_mask import (
    check_area_range,
    fill_holes,
    irregular_mask,
    largest_component,
    noise_blob,
    star_blob,
)


def components(mask):
    return cv2.connectedComponents(mask, connectivity=4)[0] - 1


@pytest.mark.parametrize('shape', [(64, 64), (128, 128), (64, 200), (150, 90)])
@pytest.mark.parametrize('area_range', [(0.03, 0.3), (0.1, 0.12), (0.4, 0.6)])
def test_share_in_range_and_connected(shape, area_range):
    for seed in range(20):
        mask = irregular_mask(shape, area_range, np.random.default_rng(seed))
        assert mask.shape == shape and mask.dtype == np.uint8
        assert set(np.unique(mask)) == {0, 1}
        assert area_range[0] <= mask.mean() <= area_range[1]
        assert components(mask) == 1


def test_shares_fill_the_range():
    shares = [
        irregular_mask((96, 96), (0.03, 0.3), np.random.default_rng(seed)).mean()
        for seed in range(80)
    ]
    assert min(shares) < 0.06 and max(shares) > 0.27


def test_irregular():
    # solidity: share of the convex hull that is covered; 1 for rectangles and discs
    solidity = []
    for seed in range(40):
        mask = irregular_mask((128, 128), (0.05, 0.3), np.random.default_rng(seed))
        outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        hull = cv2.contourArea(cv2.convexHull(outlines[0]))
        solidity.append(cv2.contourArea(outlines[0]) / hull)
    assert np.median(solidity) < 0.95
    assert np.std(solidity) > 0.02


@pytest.mark.parametrize('blob', [star_blob, noise_blob])
def test_each_kind_meets_its_area(blob):
    masks = [blob((128, 160), 0.15, np.random.default_rng(seed)) for seed in range(30)]
    met = [mask for mask in masks if mask is not None]
    assert len(met) >= 25
    for mask in met:
        assert mask.mean() == pytest.approx(0.15, rel=0.2)
        assert components(mask) == 1


def test_same_seed_same_mask():
    first, second, other = (
        irregular_mask((64, 64), (0.03, 0.3), np.random.default_rng(seed))
        for seed in (3, 3, 4)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    'area_range', [(0, 0.1), (0.3, 0.1), (0.1, 0.1), (0.1, 0.7), (0.1,), ('a', 'b')]
)
def test_invalid_range(area_range):
    with pytest.raises(ValueError, match='area_range'):
        check_area_range(area_range)


def test_range_that_no_pixel_count_meets():
    with pytest.raises(ValueError, match='cannot be met'):
        irregular_mask((16, 16), (0.1001, 0.1002), np.random.default_rng(0))


def test_fill_holes():
    mask = np.zeros((7, 7), np.uint8)
    mask[1:6, 1:6] = 1
    mask[3, 3] = 0
    filled = fill_holes(mask)
    assert filled.sum() == 25 and filled[3, 3] == 1


def test_largest_component():
    mask = np.zeros((6, 6), np.uint8)
    mask[0, 0:2] = 1
    mask[3:5, 3:6] = 1
    mask[5, 2] = 1  # touches the large one at a corner only
    largest = largest_component(mask)
    assert largest.sum() == 6 and largest[3:5, 3:6].all()
    assert not largest_component(np.zeros_like(mask)).any()
