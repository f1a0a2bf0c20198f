import pytest
import torch
from mmcv.cnn import build_conv_layer
from torch import nn

from mpc_mmseg.models import dense_conv
from mpc_mmseg.models.dense_conv import DenseConv, PointwiseConv


def same_as_torch(conv, x):
    found, expected = conv(x), nn.Conv2d.forward(conv, x)
    torch.testing.assert_close(found, expected)
    inputs = [t for t in (x, *conv.parameters()) if t.requires_grad]
    grads = (
        torch.autograd.grad(y.square().sum(), inputs) if inputs else ()
        for y in (found, expected)
    )
    for a, b in zip(*grads, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)
    return found


def images(channels, layout=torch.channels_last, **kwargs):
    torch.manual_seed(0)
    return torch.randn(2, channels, 9, 6, **kwargs).contiguous(memory_format=layout)


@pytest.mark.parametrize('x_trained', [True, False])
@pytest.mark.parametrize('bias', [True, False])
@pytest.mark.parametrize(
    'arguments',
    [
        dict(kernel_size=3, padding=1),
        dict(kernel_size=3, stride=2, padding=1),
        dict(kernel_size=(1, 3), dilation=2, padding=(0, 2)),
        dict(kernel_size=1, stride=2),
    ],
)
def test_gradients_are_those_of_torch(arguments, bias, x_trained):
    conv = DenseConv(16, 5, bias=bias, **arguments)
    out = same_as_torch(conv, images(16).requires_grad_(x_trained))
    assert out.grad_fn.name() == '_DenseConvBackward'
    assert out.is_contiguous(memory_format=torch.channels_last)


def test_one_by_one_is_a_product():
    x = images(6).requires_grad_()
    out = same_as_torch(DenseConv(6, 4, 1), x)
    assert '_Pointwise' in out.grad_fn.next_functions[0][0].name()


@pytest.mark.parametrize(
    'conv, x',
    [
        (DenseConv(16, 16, 3, groups=16), images(16)),
        (DenseConv(16, 4, 3, padding=1, padding_mode='reflect'), images(16)),
        (DenseConv(16, 4, 3, padding='same'), images(16)),
        (DenseConv(3, 4, 3), images(3)),
        (DenseConv(16, 4, 3), images(16, torch.contiguous_format)),
        (DenseConv(16, 4, 3).double(), images(16, dtype=torch.float64)),
        (DenseConv(16, 4, 3).requires_grad_(False), images(16)),
    ],
)
def test_others_are_torchs_own(conv, x, monkeypatch):
    monkeypatch.setattr(dense_conv, '_DenseConv', None)
    same_as_torch(conv, x)


def test_under_autocast_and_without_a_graph(monkeypatch):
    monkeypatch.setattr(dense_conv, '_DenseConv', None)
    conv, x = DenseConv(16, 4, 3), images(16)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert conv(x).dtype == torch.bfloat16
    with torch.inference_mode():
        assert torch.equal(conv(x), nn.Conv2d.forward(conv, x))


def test_mmcv_builds_it_by_name():
    conv = build_conv_layer(dict(type='DenseConv'), 4, 2, 3, padding=1, bias=False)
    assert type(conv) is DenseConv and conv.bias is None


@pytest.mark.parametrize('layout', [torch.channels_last, torch.contiguous_format])
def test_a_pointwise_convolution_is_that_of_torch(layout):
    conv = PointwiseConv(5, 3)
    x = torch.rand(2, 5, 9, 4).contiguous(memory_format=layout).requires_grad_()
    found, expected = conv(x), nn.Conv2d.forward(conv, x)
    torch.testing.assert_close(found, expected)
    assert found.is_contiguous(memory_format=layout)
    inputs = [x, *conv.parameters()]
    for a, b in zip(
        torch.autograd.grad(found.square().sum(), inputs),
        torch.autograd.grad(expected.square().sum(), inputs),
    ):
        torch.testing.assert_close(a, b)


def test_mmcv_builds_the_pointwise_one_by_name():
    conv = build_conv_layer(dict(type='PointwiseConv'), 4, 2, 1, bias=False)
    assert type(conv) is PointwiseConv and conv.bias is None


@pytest.mark.parametrize(
    'arguments', [dict(kernel_size=3), dict(stride=2), dict(padding=1), dict(groups=2)]
)
def test_a_pointwise_convolution_is_one_by_one(arguments):
    with pytest.raises(ValueError, match='1x1 of stride 1'):
        PointwiseConv(4, 4, **arguments)
