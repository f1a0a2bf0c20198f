import math

import pytest
import torch
import torch.nn.functional as F

from mpc_mmseg.models.losses import info_nce


def unit(n, c, seed):
    generator = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(n, c, generator=generator), dim=1)


def naive(queries, negatives, temperature, positives=None):
    """The formula of info_nce, query by query, in float64."""
    q, k = queries.double(), negatives.double()
    total = 0.0
    for i in range(len(q)):
        if positives is None:
            others = [q[i] @ q[j] for j in range(len(q)) if j != i]
        else:
            others = [q[i] @ p for p in positives.double()]
        positive = torch.stack(others).mean() / temperature
        logits = torch.cat([positive[None], (k @ q[i]) / temperature])
        total = total + torch.logsumexp(logits, 0) - positive
    return total / len(q)


def test_hand_worked():
    queries = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    negatives = torch.tensor([[0.0, 1.0]])
    # Both positives are 1, the negative similarity 0.
    expected = -1 / 0.5 + math.log(math.exp(1 / 0.5) + 1)
    assert info_nce(queries, negatives, 0.5).item() == pytest.approx(expected)


@pytest.mark.parametrize('temperature', [0.01, 0.1, 1.0])
@pytest.mark.parametrize(('n', 'm'), [(2, 1), (7, 5), (40, 90)])
def test_value_and_gradients_of_the_naive_loop(n, m, temperature):
    inputs = [unit(n, 16, 0).requires_grad_(), unit(m, 16, 1).requires_grad_()]
    reference = [x.detach().double().requires_grad_() for x in inputs]
    loss = info_nce(*inputs, temperature)
    expected = naive(*reference, temperature)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    (3 * loss).backward()
    (3 * expected).backward()
    for x, y in zip(inputs, reference):
        error = (x.grad - y.grad).norm() / y.grad.norm()
        assert error < 1e-5


@pytest.mark.parametrize('p', [1, 25])
def test_positives_of_another_view(p):
    inputs = [unit(n, 16, n).requires_grad_() for n in (20, 30, p)]
    reference = [x.detach().double().requires_grad_() for x in inputs]
    q, k, other = inputs
    loss = info_nce(q, k, 0.1, other)
    expected = naive(reference[0], reference[1], 0.1, reference[2])
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    loss.backward()
    expected.backward()
    for x, y in zip(inputs, reference):
        assert (x.grad - y.grad).norm() / y.grad.norm() < 1e-5
    # One query suffices, none does not, nor does an empty set of positives.
    assert info_nce(q[:1], k, 0.1, other).item() > 0
    assert info_nce(q[:0], k, 0.1, other).item() == 0
    assert info_nce(q, k, 0.1, other[:0]).item() == 0


def test_blocks_do_not_show(monkeypatch):
    inputs = [unit(50, 8, 0).requires_grad_(), unit(30, 8, 1).requires_grad_()]
    whole = info_nce(*inputs)
    gradients = torch.autograd.grad(whole, inputs)
    # The module, which the package's function of the same name hides.
    monkeypatch.setitem(info_nce.__globals__, 'BLOCK_ELEMENTS', 100)
    blocked = info_nce(*inputs)
    assert blocked.item() == pytest.approx(whole.item(), rel=1e-6)
    for a, b in zip(gradients, torch.autograd.grad(blocked, inputs)):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(('n', 'm'), [(0, 4), (1, 4), (5, 0), (0, 0)])
def test_degenerate_sets_give_an_attached_zero(n, m):
    inputs = [unit(n, 8, 0).requires_grad_(), unit(m, 8, 1).requires_grad_()]
    loss = info_nce(*inputs)
    assert loss.item() == 0
    loss.backward()
    assert all(torch.equal(x.grad, torch.zeros_like(x)) for x in inputs)


def test_extreme_similarities_stay_finite():
    same = torch.ones(20, 1).expand(20, 4) / 2
    for negatives in (same, -same):
        queries = same.clone().requires_grad_()
        loss = info_nce(queries, negatives, 0.01)
        loss.backward()
        assert torch.isfinite(loss) and torch.isfinite(queries.grad).all()


def test_no_grad_and_half_precision():
    q, k = unit(20, 8, 0), unit(10, 8, 1)
    with torch.no_grad():
        value = info_nce(q, k)
    assert not value.requires_grad
    half = q.bfloat16().requires_grad_()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = info_nce(half, k.bfloat16())
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(value.item(), rel=2e-2)
    loss.backward()
    assert half.grad.dtype == torch.bfloat16


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match='temperature'):
        info_nce(unit(3, 4, 0), unit(3, 4, 1), 0)
    with pytest.raises(ValueError, match='share C'):
        info_nce(unit(3, 4, 0), unit(3, 5, 1))
