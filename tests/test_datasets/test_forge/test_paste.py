import numpy as np
import pytest

from mpc_mmseg.datasets.forge.paste import MARGIN, cut_out, paste


@pytest.fixture
def block():
    mask = np.zeros((60, 80), np.uint8)
    mask[10:25, 20:50] = 1
    return mask


def test_unscaled_cut_out_is_exact(scene, block):
    source = scene(0, (60, 80))
    part = cut_out(source, block)
    assert part.mask.shape == (15 + 2 * MARGIN, 30 + 2 * MARGIN)
    assert np.array_equal(part.mask[MARGIN:-MARGIN, MARGIN:-MARGIN], np.ones((15, 30)))
    assert part.mask.sum() == 15 * 30
    expected = source[10 - MARGIN : 25 + MARGIN, 20 - MARGIN : 50 + MARGIN]
    assert np.array_equal(part.image, expected)


def test_scale_and_rotation(scene, block):
    part = cut_out(scene(0, (60, 80)), block, scale=2.0, angle=90)
    inner = part.mask[MARGIN:-MARGIN, MARGIN:-MARGIN]
    assert part.mask.sum() == pytest.approx(4 * 15 * 30, rel=0.1)
    assert inner.shape[0] == pytest.approx(60, abs=3)
    assert inner.shape[1] == pytest.approx(30, abs=3)
    assert inner.sum() == part.mask.sum()


def test_paste(scene, block):
    source, background = scene(0, (60, 80)), scene(1, (60, 80))
    part = cut_out(source, block)
    image, mask = paste(background, part, (30, 5), {'feather': 0})
    where = slice(30 + MARGIN, 45 + MARGIN), slice(5 + MARGIN, 35 + MARGIN)
    expected = background.copy()
    expected[where] = source[10:25, 20:50]
    assert np.array_equal(image, expected)
    assert mask.sum() == 450 and mask[where].all()
