from itertools import pairwise

import numpy as np
import pytest

from mpc_mmseg.apis.inference.tiling import (
    Tiling,
    fade,
    tile_side,
    tile_starts,
    tiled_map,
)


@pytest.mark.parametrize('length', [1, 63, 64, 65, 112, 113, 500])
def test_tiles_cover_an_axis_and_weigh_one_everywhere(length):
    tiling = Tiling(64, 16)
    starts, side = tile_starts(length, tiling), tile_side(length, tiling)
    assert starts[0] == 0 and starts[-1] == max(0, length - side) and side <= 64
    assert all(b - a <= side - 16 for a, b in pairwise(starts))
    total = np.zeros(length)
    for start, weights in zip(starts, fade(length, starts, tiling)):
        assert (weights > 0).all()
        total[start : start + side] += weights
    assert total == pytest.approx(1, abs=1e-6)


def test_tiles_are_no_larger_than_their_number_needs():
    tiling = Tiling(1024, 128).on_grid(32)
    sizes = []
    tiled_map(
        (3000, 4000), tiling, lambda ws: [sizes.append(w) or zeros(w) for w in ws]
    )
    assert len(sizes) == 20 and all(s.start % 32 == 0 for w in sizes for s in w)
    # 20 tiles of 1024 x 1024 would be 21 megapixels.
    assert sum(zeros(w).size for w in sizes) < 16.1e6


def zeros(window):
    return np.zeros([each.stop - each.start for each in window], np.float32)


def test_one_tile_is_the_whole_image_exactly():
    expected = np.random.default_rng(0).random((50, 64), np.float32)
    result = tiled_map((50, 64), Tiling(64, 16), lambda ws: [expected[w] for w in ws])
    assert (result == expected).all()


def test_a_map_that_depends_on_the_pixel_alone_comes_back():
    expected = np.random.default_rng(0).random((150, 211), np.float32)
    sizes = []

    def predict(windows):
        sizes.append(len(windows))
        return [expected[w] for w in windows]

    result = tiled_map((150, 211), Tiling(64, 16), predict, batch_size=4)
    assert result == pytest.approx(expected, abs=1e-6)
    assert max(sizes) == 4 and sum(sizes) == len(range(3)) * len(
        tile_starts(211, Tiling(64, 16))
    )


def test_no_seam_where_tiles_disagree():
    # The worst case: each tile says one level, its own.
    levels = iter(np.random.default_rng(0).random(100).astype(np.float32))

    def predict(windows):
        return [np.full((64, 64), next(levels), np.float32) for _ in windows]

    tiling = Tiling(64, 32)
    result = tiled_map((256, 256), tiling, predict)
    steps = np.abs(np.diff(result, axis=1))
    # A squared sine over 32 pixels rises by at most pi / 2 / 32 a pixel.
    assert steps.max() <= np.pi / 2 / 32 + 0.01
    edges = [start for start in tile_starts(256, tiling) if start]
    assert steps[:, [e - 1 for e in edges]].max() <= np.quantile(steps, 0.99)


@pytest.mark.parametrize('arguments', [(16, 0), (64, 33), (64, -1)])
def test_wrong_tilings_are_refused(arguments):
    with pytest.raises(ValueError, match=r'tile must|overlap must'):
        Tiling(*arguments)
