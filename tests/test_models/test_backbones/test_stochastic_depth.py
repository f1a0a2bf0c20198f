import pytest
import torch
from mmcv.cnn.bricks import DropPath
from torch import nn

from mpc_mmseg.models.backbones.stochastic_depth import add_dropped


def run(function, drop_path):
    torch.manual_seed(1)
    x, branch = (torch.randn(8, 3, 4, 5, requires_grad=True) for _ in 'ab')
    y = function(x, branch, drop_path)
    (y * torch.linspace(-1, 1, y.numel()).view_as(y)).sum().backward()
    return y.detach(), x.grad, branch.grad, torch.rand(1)


@pytest.mark.parametrize(
    'drop_path', [DropPath(0.4), DropPath(0.0), DropPath(0.4).eval(), nn.Identity()]
)
def test_as_written_apart(drop_path):
    found = run(add_dropped, drop_path)
    expected = run(lambda x, b, drop: x + drop(b), drop_path)
    torch.testing.assert_close(found, expected)
    dropped = [not grad.any() for grad in found[2]]
    drops = isinstance(drop_path, DropPath) and drop_path.training
    assert any(dropped) == (drops and drop_path.drop_prob > 0) and not all(dropped)


def test_under_autocast():
    x, branch = torch.randn(8, 3, 4, 5), torch.randn(8, 3, 4, 5).bfloat16()
    drop_path = DropPath(0.4)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        torch.manual_seed(1)
        expected = x + drop_path(branch)
        torch.manual_seed(1)
        found = add_dropped(x, branch, drop_path)
    assert found.dtype == expected.dtype
    torch.testing.assert_close(found, expected, rtol=0.02, atol=0.02)
