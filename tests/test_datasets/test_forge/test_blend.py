import numpy as np
import pytest

from mpc_mmseg.datasets.forge.blend import blend, soft_edge


def half(width=12):
    mask = np.zeros((5, width), np.uint8)
    mask[:, width // 2 :] = 1
    return mask


@pytest.mark.parametrize('width', [0, 0.5, 1])
def test_hard_edge(width):
    assert np.array_equal(soft_edge(half(), width), half().astype(np.float32))


def test_ramp_by_hand():
    # the outline lies between columns 5 and 6; the ramp is 2 pixels wide, so the
    # pixels half a pixel away from it get 0.5 - 0.25 and 0.5 + 0.25
    row = soft_edge(half(), 2)[2]
    expected = [0, 0, 0, 0, 0, 0.25, 0.75, 1, 1, 1, 1, 1]
    assert row == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize('width', [1.5, 2, 3, 6])
def test_above_half_inside_only(width):
    mask = half(20)
    alpha = soft_edge(mask, width)
    assert np.array_equal(alpha > 0.5, mask > 0)
    reach = int(np.ceil(width / 2 + 0.5))
    assert not alpha[:, : 10 - reach].any()
    assert (alpha[:, 10 + reach :] == 1).all()


def test_negative_width():
    with pytest.raises(ValueError, match='width'):
        soft_edge(half(), -1)


def test_blend_by_hand():
    background = np.full((1, 3, 3), 100, np.uint8)
    foreground = np.full((1, 3, 3), 201, np.uint8)
    alpha = np.array([[0, 0.25, 1]], np.float32)
    assert blend(background, foreground, alpha)[0, :, 0].tolist() == [100, 125, 201]
