import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

HRNET = Config.fromfile('configs/_base_/models/mpc_hrnet_w18s.py').model.backbone


@pytest.mark.parametrize(
    ('filters', 'channels'),
    [
        ([dict(type='HighPass')], 3),
        ([dict(type='Colours'), dict(type='HighPass')], 6),
        ([dict(type='Colours'), dict(type='BlockHistogram', out_channels=4)], 7),
    ],
)
def test_backbone_gets_all_views(filters, channels):
    net = MODELS.build(dict(type='FilteredBackbone', filters=filters, backbone=HRNET))
    assert net.backbone.conv1.in_channels == channels
    maps = net(torch.rand(1, 3, 64, 96))
    assert [tuple(m.shape[-2:]) for m in maps] == [(16, 24), (8, 12), (4, 6), (2, 3)]


def test_colours_alone_change_nothing():
    net = MODELS.build(
        dict(type='FilteredBackbone', filters=[dict(type='Colours')], backbone=HRNET)
    ).eval()
    x = torch.rand(1, 3, 64, 64)
    for mine, bare in zip(net(x), net.backbone(x)):
        assert torch.equal(mine, bare)


def test_no_view():
    with pytest.raises(ValueError, match='filters'):
        MODELS.build(dict(type='FilteredBackbone', filters=[], backbone=HRNET))
