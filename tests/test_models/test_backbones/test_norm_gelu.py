import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mpc_mmseg.models.backbones import norm_gelu_product
from mpc_mmseg.models.backbones.norm_gelu import norm_gelu


def parts(kind, dtype=torch.float32):
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(6)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    conv = {
        'none': None,
        'pointwise': nn.Conv2d(6, 5, 1),
        'depthwise': nn.Conv2d(6, 6, 3, padding=1, groups=6),
    }[kind]
    return norm.to(dtype), conv if conv is None else conv.to(dtype)


def images(*shape, dtype=torch.float32):
    x = torch.randn(shape, dtype=dtype).to(memory_format=torch.channels_last)
    return x.requires_grad_()


def run(function, x, norm, conv):
    y = function(x, norm, conv)
    weights = torch.linspace(-1, 1, y.numel()).view_as(y)
    (y.float() * weights).sum().backward()
    grads = [x.grad, *(p.grad for m in (norm, conv) if m for p in m.parameters())]
    return y.detach(), grads, list(norm.buffers())


def plain(x, norm, conv):
    y = F.gelu(norm(x))
    return y if conv is None else conv(y)


# Blocks of 7 tokens do not divide the 80; 24 tokens are one block of 170.
@pytest.mark.parametrize('size, block', [((2, 8, 5), 42), ((2, 3, 4), 1024)])
@pytest.mark.parametrize('kind', ['none', 'pointwise', 'depthwise'])
def test_against_one_operation_after_another(kind, size, block, monkeypatch):
    monkeypatch.setattr(norm_gelu_product, '_BLOCK', block)
    norm, conv = parts(kind)
    other = copy.deepcopy((norm, conv))
    x = images(size[0], 6, *size[1:])
    found = run(norm_gelu, x, norm, conv)
    expected = run(plain, x.detach().clone().requires_grad_(), *other)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('kind', ['none', 'pointwise', 'depthwise'])
def test_gradients_in_double_precision(kind):
    norm, conv = parts(kind, torch.float64)
    x = images(2, 6, 8, 3, dtype=torch.float64)
    weights = [p for m in (norm, conv) if m for p in m.parameters()]
    # gradcheck changes the weights in place, so they need not be passed on.
    assert torch.autograd.gradcheck(
        lambda x, *_: norm_gelu(x, norm, conv), (x, *weights)
    )


def test_under_autocast():
    norm, conv = parts('pointwise')
    other = copy.deepcopy((norm, conv))
    x = images(2, 6, 8, 5)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = run(norm_gelu, x, norm, conv)
        expected = run(plain, x.detach().clone().requires_grad_(), *other)
    assert found[0].dtype == expected[0].dtype == torch.bfloat16
    torch.testing.assert_close(found, expected, rtol=0.05, atol=0.1)


def test_one_map_is_kept():
    norm, conv = parts('depthwise')
    x = images(2, 6, 8, 5)
    kept = {}

    def pack(saved):
        kept[saved.data_ptr()] = saved.numel()
        return saved

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda saved: saved):
        norm_gelu(x, norm, conv)
    assert sum(size == x.numel() for size in kept.values()) == 1


@pytest.mark.parametrize(
    'norm',
    [
        nn.BatchNorm2d(6).eval(),
        nn.BatchNorm2d(6, affine=False),
        nn.BatchNorm2d(6, momentum=None),
        nn.BatchNorm2d(6, track_running_stats=False),
        nn.Identity(),
    ],
)
def test_other_normalisations_are_run_as_they_are(norm):
    x, conv = images(2, 6, 8, 5), parts('pointwise')[1]
    expected = plain(x, copy.deepcopy(norm), conv)
    torch.testing.assert_close(norm_gelu(x, norm, conv), expected)
