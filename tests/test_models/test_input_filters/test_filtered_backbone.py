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
        ([dict(type='RGBInput'), dict(type='BlockHistogram', out_channels=4)], 7),
    ],
)
def test_backbone_gets_all_views(filters, channels):
    net = MODELS.build(dict(type='FilteredBackbone', filters=filters, backbone=HRNET))
    assert net.backbone.conv1.in_channels == channels
    maps = net(torch.rand(1, 3, 64, 96))
    assert [tuple(m.shape[-2:]) for m in maps] == [(16, 24), (8, 12), (4, 6), (2, 3)]


def test_colours_alone_change_nothing():
    net = MODELS.build(
        dict(type='FilteredBackbone', filters=[dict(type='RGBInput')], backbone=HRNET)
    ).eval()
    x = torch.rand(1, 3, 64, 64)
    for mine, bare in zip(net(x), net.backbone(x)):
        assert torch.equal(mine, bare)


def test_filters_get_the_photograph_whatever_the_preprocessor_did():
    options = dict(type='FilteredBackbone', filters=[dict(type='HighPass')])
    plain = MODELS.build(dict(**options, backbone=HRNET)).eval()
    other = MODELS.build(
        dict(**options, backbone=HRNET, input_mean=[127] * 3, input_std=[128] * 3)
    ).eval()
    other.load_state_dict(plain.state_dict())
    levels = torch.randint(0, 256, (1, 3, 64, 64)).float()
    for one, two in zip(plain(levels / 255), other((levels - 127) / 128)):
        torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-4)


def test_filters_see_single_precision_under_autocast():
    net = MODELS.build(
        dict(type='FilteredBackbone', filters=[dict(type='RGBInput')], backbone=HRNET)
    ).eval()
    seen = []
    net.filters[0].register_forward_hook(lambda _, __, out: seen.append(out.dtype))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        maps = net(torch.rand(1, 3, 64, 64).bfloat16())
    assert seen == [torch.float32] and maps[0].dtype == torch.bfloat16


def test_no_view():
    with pytest.raises(ValueError, match='filters'):
        MODELS.build(dict(type='FilteredBackbone', filters=[], backbone=HRNET))
    with pytest.raises(ValueError, match='input_std'):
        MODELS.build(
            dict(
                type='FilteredBackbone',
                filters=[dict(type='HighPass')],
                backbone=HRNET,
                input_std=[0, 1, 1],
            )
        )
