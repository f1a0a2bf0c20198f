import pytest
import torch
import torch.nn.functional as F

from mpc_mmseg.models.decode_heads import upsample as module
from mpc_mmseg.models.decode_heads.upsample import upsample


def gradient(function, x, size, pick):
    out = function(x, size)
    wide = torch.cat([out, 2 * out], dim=1)  # its gradient comes back as slices
    (grad,) = torch.autograd.grad(wide.square().sum() if pick else out.sum(), x)
    return out, grad


def plain(x, size):
    return F.interpolate(x, size, mode='bilinear', align_corners=True)


@pytest.mark.parametrize('layout', [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize('pick', [True, False])
@pytest.mark.parametrize(
    'old, new',
    [((4, 6), (8, 12)), ((1, 1), (5, 3)), ((5, 2), (7, 1)), ((3, 3), (3, 3))],
)
def test_it_is_that_of_torch(old, new, pick, layout):
    x = torch.randn(2, 3, *old).contiguous(memory_format=layout).requires_grad_()
    found = gradient(upsample, x, new, pick)
    torch.testing.assert_close(found, gradient(plain, x, new, pick))
    assert found[0].grad_fn.name() == '_UpsampleBackward'


def test_elsewhere_it_is_torchs_own(monkeypatch):
    monkeypatch.setattr(module, '_Upsample', None)
    x = torch.randn(1, 2, 3, 3)
    assert torch.equal(upsample(x, (5, 5)), plain(x, (5, 5)))
    double = x.double().requires_grad_()
    assert torch.equal(upsample(double, (5, 5)), plain(double, (5, 5)))
    with torch.no_grad():
        assert torch.equal(upsample(x.requires_grad_(), (5, 5)), plain(x, (5, 5)))
