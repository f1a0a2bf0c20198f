import pytest
import torch

from mpc_mmseg.models.backbones.pointwise import PointwiseConv, pointwise


# 16 rows are a batch to the convolution, 3 go the other way.
@pytest.mark.parametrize('rows', [3, 16])
@pytest.mark.parametrize('widths', [(5, 11), (8, 13), (6, 16), (8, 8)])
def test_it_is_linear(widths, rows):
    linear = torch.nn.Linear(*widths)
    x = torch.rand(rows, 4, widths[0], requires_grad=True)
    expected = linear(x)
    found = pointwise(x, linear.weight, linear.bias)
    torch.testing.assert_close(found, expected)
    inputs = [x, linear.weight, linear.bias]
    for a, b in zip(
        torch.autograd.grad(found.square().sum(), inputs),
        torch.autograd.grad(expected.square().sum(), inputs),
    ):
        torch.testing.assert_close(a, b)


def test_a_convolution_is_that_of_torch():
    conv = PointwiseConv(5, 3)
    x = torch.rand(2, 5, 9, 4).to(memory_format=torch.channels_last)
    torch.testing.assert_close(conv(x), super(PointwiseConv, conv).forward(x))
