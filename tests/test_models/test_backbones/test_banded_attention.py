import pytest
import torch
from torch.utils.checkpoint import checkpoint

from mpc_mmseg.models.backbones.banded_attention import BandedAttention


def inputs(size, dtype=torch.float64):
    torch.manual_seed(0)
    heads, depth, window = 2, 3, 2
    tensors = (
        torch.randn(2, *size, 3 * heads * depth, dtype=dtype),
        torch.randn(3 * heads * depth, dtype=dtype),
        torch.randn(heads, window**2, window**2, dtype=dtype),
    )
    return [t.requires_grad_() for t in tensors]


@pytest.mark.parametrize('size', [(4, 2), (3, 5), (1, 1)])
def test_gradients_in_double_precision(size):
    # The last of a head's three channels is not handed on.
    assert torch.autograd.gradcheck(
        lambda *tensors: BandedAttention.apply(*tensors, 0.7, 2, 2), inputs(size)
    )


def test_recomputed_it_has_the_same_gradients():
    tensors = inputs((3, 5))

    def attend(*tensors):
        return BandedAttention.apply(*tensors, 0.7, 2, 3).square().sum()

    expected = torch.autograd.grad(attend(*tensors), tensors)
    again = checkpoint(attend, *tensors, use_reentrant=False)
    for a, b in zip(torch.autograd.grad(again, tensors), expected):
        assert torch.equal(a, b)


def test_without_a_graph_nothing_is_kept():
    tensors = inputs((3, 5))
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda saved: kept.append(saved) or saved, lambda saved: saved
    ):
        with torch.no_grad():
            plain = BandedAttention.apply(*tensors, 0.7, 2, 3)
        assert not kept
        assert torch.equal(BandedAttention.apply(*tensors, 0.7, 2, 3), plain)
        assert kept
