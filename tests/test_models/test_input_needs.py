"""What models declare, and what is refused because of it."""

import pytest
from mmengine.config import Config
from mmseg.registry import MODELS
from torch import nn

from mpc_mmseg.models.input_needs import TTA_KINDS, InputNeeds, needs_of

BLOCKS = dict(type='FilteredBackbone', filters=[dict(type='BlockHistogram')])
NARROW = dict(
    type='ResNet', depth=18, num_stages=1, base_channels=4, stem_channels=4,
    strides=(1,), dilations=(1,), out_indices=(0,),
)  # fmt: skip


def test_a_plain_network_needs_multiples_of_its_stride_alone():
    assert needs_of(MODELS.build(NARROW)) == InputNeeds(1, False, 32, TTA_KINDS)
    patches = nn.Sequential(nn.Conv2d(3, 4, 14, 14), nn.Conv2d(4, 4, 1))
    assert needs_of(patches).multiple == 14
    patches.multiple = 28
    assert needs_of(patches).multiple == 28


def test_blocks_need_their_grid_and_native_size_and_tolerate_flips():
    model = MODELS.build({**BLOCKS, 'backbone': NARROW})
    assert needs_of(model) == InputNeeds(8, True, 4, ('flip',))


def test_two_streams_tolerate_what_one_of_them_tolerates():
    blocks = {**BLOCKS, 'filters': [dict(type='BlockHistogram', block_pixels=8)]}
    streams = dict(first=NARROW, second={**blocks, 'backbone': NARROW})
    model = MODELS.build(dict(type='TwoStreamBackbone', **streams))
    assert needs_of(model) == InputNeeds(8, True, 4, TTA_KINDS)


def test_a_config_states_what_its_model_tolerates():
    config = Config.fromfile('configs/_base_/models/mpc_r18s_blocks.py').model
    assert needs_of(MODELS.build(config)).tta == ('flip',)
    config.test_cfg = dict(threshold=0.5, tta=['rot90'])
    assert needs_of(MODELS.build(config)).tta == ('rot90',)
    config.test_cfg.tta = ['turn']
    with pytest.raises(ValueError, match=r'test_cfg\.tta must be of .*turn'):
        MODELS.build(config)


def test_what_breaks_a_need_is_refused_with_the_reason():
    needs = InputNeeds(8, True, 32, ('flip',))
    needs.check_tta(['flip'])
    for kind in ('rot90', 'scale'):
        with pytest.raises(ValueError, match=rf"tta '{kind}' .* 8x8 pixels"):
            needs.check_tta([kind])
        InputNeeds().check_tta([kind])
    resize = [dict(type='LoadForgeryImage'), dict(type='Resize', scale=(64, 64))]
    with pytest.raises(ValueError, match='test pipeline has Resize'):
        needs.check_pipeline(resize, test=True)
    needs.check_pipeline(resize, test=False)
    InputNeeds().check_pipeline(resize, test=True)
    for crop in (
        dict(type='RandomCrop', crop_size=(64, 64)),
        dict(type='RandomBlockCrop', size=(64, 64), block=4),
    ):
        with pytest.raises(ValueError, match='off the grid of 8 pixels'):
            needs.check_pipeline([crop], test=False)
        InputNeeds().check_pipeline([crop], test=False)
    needs.check_pipeline([dict(type='RandomBlockCrop', size=(64, 64))], test=False)
