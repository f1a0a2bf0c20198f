import copy

import pytest
import torch
from mmseg.registry import MODELS
from torch import nn

from mpc_mmseg.models.decode_heads.fuse import fuse
from mpc_mmseg.models.decode_heads.lean_backward import LeanReLU, made_again


def maps(requires_grad=False):
    torch.manual_seed(0)
    sizes = (16, 8, 4, 2)
    return [torch.randn(2, 8, s, s, requires_grad=requires_grad) for s in sizes]


def gradients(head, inputs, mixed=False):
    head.zero_grad()
    with torch.autocast('cpu', torch.bfloat16, enabled=mixed):
        out = head(inputs)
    out.float().square().sum().backward()
    given = [m.grad for m in inputs if m.requires_grad]
    return [p.grad.clone() for p in head.parameters()] + given


@pytest.mark.parametrize('mixed', [False, True])
@pytest.mark.parametrize('requires_grad', [False, True])
def test_gradients_are_those_of_plain_layers(requires_grad, mixed):
    torch.manual_seed(1)
    lean = MODELS.build(
        dict(type='LocalizationHead', in_channels=[8] * 4, hidden_channels=(8, 4))
    ).train()
    plain = copy.deepcopy(lean)
    for i, layer in enumerate(plain.stack):
        if isinstance(layer, LeanReLU):
            plain.stack[i] = nn.ReLU()
    plain.forward = lambda x: plain.cls_seg(plain.stack(fuse(x)))
    found = gradients(lean, maps(requires_grad), mixed)
    expected = gradients(plain, maps(requires_grad), mixed)
    assert len(found) == len(expected)
    assert all(torch.equal(a, b) for a, b in zip(found, expected))


def test_the_tensor_is_made_again_and_not_held():
    weight = torch.ones(4, requires_grad=True)
    made = []

    def make():
        made.append(1)
        return torch.arange(4.0)

    x = torch.arange(4.0)
    with made_again(x, make):
        y = x * weight
    x.fill_(9)  # what is saved is no longer this
    assert not made
    y.sum().backward()
    assert made and torch.equal(weight.grad, torch.arange(4.0))


def test_without_a_graph_relu_is_plain():
    x = torch.tensor([-1.0, 2.0])
    assert torch.equal(LeanReLU()(x), torch.tensor([0.0, 2.0]))
    with torch.no_grad():
        leaf = torch.tensor([-1.0], requires_grad=True)
        assert LeanReLU()(leaf + 0).item() == 0
