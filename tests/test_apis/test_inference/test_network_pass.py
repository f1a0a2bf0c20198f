import numpy as np
import pytest
import torch
from mmengine.dataset import Compose
from mmseg.registry import TRANSFORMS

from mpc_mmseg.apis.inference.image_inputs import as_loaded
from mpc_mmseg.apis.inference.network_pass import (
    TTA_KINDS,
    ResizeAndPack,
    View,
    preparation,
    views_of,
)

PACK = dict(type='PackForgeryInputs')


@pytest.mark.parametrize('scale', [(96, 64), (50, 40), None])
def test_the_short_way_is_what_the_registered_steps_do(scale):
    steps = [dict(type='Resize', scale=scale), PACK] if scale else [PACK]
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    short = preparation(steps)
    assert isinstance(short, ResizeAndPack)
    found = short(as_loaded(image, 'a.png'))
    expected = Compose([TRANSFORMS.build(s) for s in steps])(as_loaded(image, 'a.png'))
    assert (found['inputs'] == expected['inputs']).all()
    assert found['inputs'].dtype == expected['inputs'].dtype
    said, wanted = found['data_samples'], expected['data_samples']
    for key in ('img_path', 'ori_shape', 'img_shape', 'scale_factor'):
        assert said.metainfo.get(key) == wanted.metainfo.get(key), key


@pytest.mark.parametrize(
    'steps',
    [
        [dict(type='Resize', scale=(64, 64), keep_ratio=True), PACK],
        [dict(type='Resize', scale_factor=0.5), PACK],
        [dict(PACK, meta_keys=('img_path',))],
    ],
)
def test_other_steps_are_those_of_the_registry(steps):
    assert isinstance(preparation(steps), Compose)


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
