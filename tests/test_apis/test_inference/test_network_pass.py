import numpy as np
import pytest
import torch

from mpc_mmseg.apis.inference.network_pass import (
    TTA_KINDS,
    View,
    views_of,
)


def test_the_views_of_each_kind():
    assert views_of(()) == (View(),)
    assert len(views_of(['flip'])) == 3 and len(views_of(['rot90'])) == 4
    assert len(views_of(['flip', 'rot90'])) == 8
    assert len(set(views_of(TTA_KINDS))) == 24 and views_of(TTA_KINDS)[0] == View()
    with pytest.raises(ValueError, match=r"tta must be of .*'crop'"):
        views_of(['crop'])


def test_flips_are_left_right_and_upside_down():
    image = torch.arange(12.0).view(1, 3, 4)
    _, mirrored, upside_down = (v.apply(image) for v in views_of(['flip']))
    assert (mirrored == image.flip(2)).all()
    assert (upside_down == image.flip(1)).all()


@pytest.mark.parametrize('view', views_of(['flip', 'rot90']))
def test_the_way_back_is_exact(view):
    image = torch.rand(1, 5, 7)
    seen = view.apply(image)
    assert view.map_size((5, 7)) == tuple(seen.shape[1:])
    assert (view.undo(seen[0].numpy()) == image[0].numpy()).all()
    assert len({View(1, v.turns, v.mirrored) for v in views_of(TTA_KINDS)}) == 8


def test_scales():
    seen = View(scale=0.75).apply(torch.full((3, 80, 120), 7, dtype=torch.uint8))
    assert seen.shape == (3, 60, 90) and seen.numpy() == pytest.approx(7)
    assert View(scale=0.75).apply(torch.zeros(3, 33, 80)).shape == (3, 32, 60)
    assert View(scale=1.25).map_size((33, 80)) == (33, 80)
    assert View(0.75).undo(np.zeros((33, 80))).shape == (33, 80)
