import numpy as np
import pytest
from mmengine.dataset import Compose
from mmseg.registry import TRANSFORMS

from mpc_mmseg.apis.inference.image_inputs import as_loaded
from mpc_mmseg.apis.inference.preparation import ResizeAndPack, preparation

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
