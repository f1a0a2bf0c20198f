import pytest
import torch
from mmcv.cnn import build_conv_layer
from torch import nn

from mpc_mmseg.models.pointwise import PointwiseConv, is_fast, pointwise


# Either side may be the wider one: the weight's gradient is taken accordingly.
@pytest.mark.parametrize('bias', [True, False])
@pytest.mark.parametrize('widths', [(5, 11), (13, 8), (8, 8)])
def test_it_is_linear(widths, bias):
    linear = nn.Linear(*widths, bias=bias)
    x = torch.rand(3, 4, widths[0], requires_grad=True)
    assert is_fast(x, linear.weight, linear.bias)
    expected = linear(x)
    found = pointwise(x, linear.weight, linear.bias)
    torch.testing.assert_close(found, expected)
    inputs = [x, *linear.parameters()]
    for a, b in zip(
        torch.autograd.grad(found.square().sum(), inputs),
        torch.autograd.grad(expected.square().sum(), inputs),
    ):
        torch.testing.assert_close(a, b)


def test_other_precisions_go_the_ordinary_way():
    linear = nn.Linear(5, 3).double()
    x = torch.rand(4, 5, dtype=torch.float64)
    assert not is_fast(x, linear.weight, linear.bias)
    torch.testing.assert_close(pointwise(x, linear.weight, linear.bias), linear(x))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = pointwise(x.float(), *(p.float() for p in linear.parameters()))
    assert found.dtype == torch.bfloat16


@pytest.mark.parametrize('layout', [torch.channels_last, torch.contiguous_format])
def test_a_convolution_is_that_of_torch(layout):
    conv = PointwiseConv(5, 3)
    x = torch.rand(2, 5, 9, 4).contiguous(memory_format=layout).requires_grad_()
    found, expected = conv(x), super(PointwiseConv, conv).forward(x)
    torch.testing.assert_close(found, expected)
    assert found.is_contiguous(memory_format=layout)
    inputs = [x, *conv.parameters()]
    for a, b in zip(
        torch.autograd.grad(found.square().sum(), inputs),
        torch.autograd.grad(expected.square().sum(), inputs),
    ):
        torch.testing.assert_close(a, b)


def test_mmcv_builds_it_by_name():
    conv = build_conv_layer(dict(type='PointwiseConv'), 4, 2, 1, bias=False)
    assert type(conv) is PointwiseConv and conv.bias is None


@pytest.mark.parametrize(
    'arguments', [dict(kernel_size=3), dict(stride=2), dict(padding=1), dict(groups=2)]
)
def test_only_the_plain_one(arguments):
    with pytest.raises(ValueError, match='1x1 of stride 1'):
        PointwiseConv(4, 4, **arguments)
