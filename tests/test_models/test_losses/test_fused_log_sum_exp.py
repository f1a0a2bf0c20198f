import pytest
import torch
import torch.nn.functional as F

from mpc_mmseg.models.losses import Pair, info_nce_of_pairs
from mpc_mmseg.models.losses.fused_log_sum_exp import can_fuse, fused_log_sum_exp


def unit(*shape):
    return F.normalize(torch.randn(*shape), dim=-1)


def test_padding_does_not_count():
    queries, negatives = unit(2, 5, 16), unit(2, 7, 16)
    counts = torch.tensor([7, 3])
    result = fused_log_sum_exp(queries, negatives, counts, 0.2)
    for b, count in enumerate(counts):
        logits = queries[b] @ negatives[b, :count].T / 0.2
        torch.testing.assert_close(result[b], logits.logsumexp(1), rtol=1e-5, atol=1e-5)


def test_a_cpu_falls_back_to_the_blocked_path():
    queries, negatives = unit(5, 16).requires_grad_(), unit(7, 16)
    assert not can_fuse(queries[None])
    losses = [
        info_nce_of_pairs([Pair(queries, negatives)], fused=f) for f in (False, True)
    ]
    assert torch.equal(*losses) and losses[1].requires_grad


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a CUDA device')
def test_agrees_with_the_blocked_path():
    sizes = [(300, 200), (290, 210)]
    losses, gradients = [], []
    sets = [[unit(n, 64).cuda().requires_grad_() for n in size] for size in sizes]
    flat = [x for pair in sets for x in pair]
    for fused in (False, True):
        losses.append(info_nce_of_pairs([Pair(*pair) for pair in sets], fused=fused))
        gradients.append(torch.autograd.grad(losses[-1].sum(), flat))
    torch.testing.assert_close(*losses, rtol=1e-3, atol=1e-3)
    for a, b in zip(*gradients):
        assert (a - b).norm() < 1e-2 * a.norm()
