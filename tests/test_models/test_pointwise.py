import pytest
import torch
from torch import nn

from mpc_mmseg.models.pointwise import is_fast, pointwise


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
