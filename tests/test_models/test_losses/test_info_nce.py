import math
from itertools import chain

import pytest
import torch
import torch.nn.functional as F

from mpc_mmseg.models.losses.info_nce import (
    MeanPositiveContrast,
    PackedSets,
    Pair,
    can_fuse,
    fused_log_sum_exp,
    group,
    info_nce,
)

# The names of the module, which the function of the same name hides.
MODULE = info_nce.__globals__


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
    monkeypatch.setitem(MODULE, 'BLOCK_ELEMENTS', dict(cpu=100, cuda=100))
    monkeypatch.setitem(MODULE, 'MIN_ROWS', 1)
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


def in_float64(queries, negatives, temperature):
    """Value and gradients of the released formula by matrices in float64."""
    q = queries.detach().double().requires_grad_()
    k = negatives.detach().double().requires_grad_()
    similarity = q @ q.T
    positive = (similarity.sum(1) - similarity.diagonal()) / (len(q) - 1)
    logits = torch.cat([positive[:, None], q @ k.T], 1) / temperature
    loss = F.softplus(logits[:, 1:].logsumexp(1) - logits[:, 0]).mean()
    return loss.item(), *torch.autograd.grad(loss, (q, k))


@pytest.mark.parametrize('temperature', [0.01, 0.1, 1.0])
@pytest.mark.parametrize('kind', ['random', 'near', 'identical', 'antipodal'])
@pytest.mark.parametrize(
    ('n', 'm'),
    [(1500, 900), pytest.param(20000, 3000, marks=pytest.mark.slow)],
)
def test_precision(n, m, kind, temperature):
    one = unit(1, 64, 2)
    q, k = {
        'random': (unit(n, 64, 0), unit(m, 64, 1)),
        'near': tuple(F.normalize(one + 0.05 * unit(x, 64, x)) for x in (n, m)),
        'identical': (one.expand(n, 64), one.expand(m, 64)),
        'antipodal': (one.expand(n, 64), -one.expand(m, 64)),
    }[kind]
    q, k = q.clone().requires_grad_(), k.clone().requires_grad_()
    loss = info_nce(q, k, temperature)
    loss.backward()
    expected, grad_q, grad_k = in_float64(q, k, temperature)
    # Below 1e-30 the true value is out of float32's range.
    assert loss.item() == pytest.approx(expected, rel=1e-5, abs=1e-30)
    for x, gradient in ((q, grad_q), (k, grad_k)):
        assert (x.grad - gradient).norm() <= 1e-5 * gradient.norm() + 1e-30


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
@pytest.mark.parametrize('temperature', [0.01, 0.1, 1.0])
def test_half_precision_under_autocast(dtype, temperature):
    q, k = unit(900, 64, 0), unit(700, 64, 1)
    half = [x.to(dtype).requires_grad_() for x in (q, k)]
    with torch.autocast('cpu', dtype=dtype):
        loss = info_nce(*half, temperature)
        assert info_nce(q, k, temperature).dtype == torch.float32
    assert loss.dtype == torch.float32
    expected, *gradients = in_float64(*half, temperature)
    assert loss.item() == pytest.approx(expected, rel=2e-2)
    loss.backward()
    for x, gradient in zip(half, gradients):
        assert x.grad.dtype == dtype
        assert (x.grad - gradient).norm() <= 2e-2 * gradient.norm()


def test_a_second_backward_gives_the_same():
    inputs = [unit(n, 8, n).requires_grad_() for n in (20, 30, 5)]
    loss = info_nce(inputs[0], inputs[1], 0.1, inputs[2])
    first = torch.autograd.grad(loss, inputs, retain_graph=True)
    kept = [x.clone() for x in first]
    second = torch.autograd.grad(2 * loss, inputs)
    for a, b, c in zip(first, kept, second):
        assert torch.equal(a, b)
        torch.testing.assert_close(2 * a, c)


def test_no_grad_builds_no_gradients():
    q, k = unit(20, 8, 0).requires_grad_(), unit(10, 8, 1)
    with torch.no_grad():
        value = info_nce(q, k)
    assert not value.requires_grad
    assert value.item() == info_nce(q, k).item()


SIZES = [(40, 30, 21), (7, 90, 8), (5, 0, 9), (40, 29, 25), (1, 3, 4), (33, 12, 0)]


def mixed_sets():
    """Queries, negatives and positives of images of several sizes."""
    return [
        [unit(size[j], 16, 3 * i + j).requires_grad_() for i, size in enumerate(SIZES)]
        for j in range(3)
    ]


def contrast(sets, fused=False):
    """The losses of a batch of images."""
    pair = Pair(*(PackedSets.pack(x) for x in sets))
    return MeanPositiveContrast(fused)([pair], 0.1)[0]


@pytest.mark.parametrize('free', [0, 4000, 10**9])
@pytest.mark.parametrize('block', [64, 2**21])
@pytest.mark.parametrize('kinds', [2, 3])
def test_images_computed_together_equal_single_ones(free, block, kinds, monkeypatch):
    monkeypatch.setitem(MODULE, 'PADDING_FREE', dict(cpu=free, cuda=free))
    monkeypatch.setitem(MODULE, 'BLOCK_ELEMENTS', dict(cpu=block, cuda=block))
    monkeypatch.setitem(MODULE, 'MIN_ROWS', 1)
    upstream = torch.linspace(0.5, 3, 6)
    together, single = mixed_sets()[:kinds], mixed_sets()[:kinds]
    losses = [
        contrast(together),
        torch.stack([info_nce(*x[:2], 0.1, *x[2:]) for x in zip(*single)]),
    ]
    degenerate = [2, 5] if kinds == 3 else [2, 4]
    assert [i for i, x in enumerate(losses[0]) if x == 0] == degenerate
    gradients = [
        torch.autograd.grad(x @ upstream, [*chain(*sets)])
        for x, sets in zip(losses, (together, single))
    ]
    # The same sums in float32, taken in another order.
    for a, b in zip([losses[0], *gradients[0]], [losses[1], *gradients[1]]):
        assert (a - b).norm() <= 1e-6 * b.norm()


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match='temperature'):
        info_nce(unit(3, 4, 0), unit(3, 4, 1), 0)
    with pytest.raises(ValueError, match='share C'):
        info_nce(unit(3, 4, 0), unit(3, 5, 1))


def test_packing_keeps_every_row_and_its_gradient():
    sets = [torch.randn(n, 3, requires_grad=True) for n in (4, 0, 2)]
    packed = PackedSets.pack(sets)
    assert packed.rows.shape == (3, 4, 3)
    assert packed.counts.tolist() == packed.sizes == [4, 0, 2]
    for row, x, padding in zip(packed.rows, sets, packed.padding()):
        assert torch.equal(row[: len(x)], x)
        assert not row[len(x) :].any()
        assert torch.equal(padding, torch.arange(4) >= len(x))
    (packed.rows * torch.arange(36.0).view(3, 4, 3)).sum().backward()
    assert torch.equal(sets[2].grad, torch.arange(24.0, 30.0).view(2, 3))
    # A row even where there is nothing, and no mask where there is no padding.
    assert PackedSets.pack([torch.zeros(0, 3)] * 2).rows.shape == (2, 1, 3)
    assert PackedSets.pack([torch.zeros(2, 3)] * 2).padding() is None


def test_like_sizes_share_a_group():
    sizes = dict(enumerate([(100, 10), (100, 9), (100, 500), (99, 10)]))
    assert sorted(map(sorted, group(sizes, 0))) == [[0], [1], [2], [3]]
    assert sorted(map(sorted, group(sizes, 200))) == [[0, 1, 3], [2]]
    assert group(sizes, 10**6) == [[2, 0, 1, 3]]
    assert group(dict.fromkeys(range(3), (5, 5)), 0) == [[0, 1, 2]]
    assert group({}, 0) == []


def test_degenerate_images_have_no_weight():
    def weights(*counts):
        sets = (PackedSets.pack([torch.ones(n, 2), torch.ones(3, 2)]) for n in counts)
        one, other = Pair(*sets).query_weights()
        torch.testing.assert_close(other[:3], torch.full((3,), 1 / 3))
        return one.tolist()

    assert weights(2, 3) == [0.5, 0.5, 0]
    assert weights(1, 3, 3) == [1, 0, 0]
    for counts in [(1, 3), (3, 0), (3, 3, 0), (0, 3, 3)]:
        assert not any(weights(*counts))


def test_padding_does_not_count():
    attention = pytest.importorskip('torch.nn.attention.flex_attention')
    if not hasattr(attention, 'AuxRequest'):
        pytest.skip('this torch has no kernel that also gives the log sum')
    queries, negatives = F.normalize(torch.randn(2, 12, 16), dim=2).split([5, 7], 1)
    counts = torch.tensor([7, 3])
    result = fused_log_sum_exp(queries, negatives, counts, 0.2)
    for b, count in enumerate(counts):
        logits = queries[b] @ negatives[b, :count].T / 0.2
        torch.testing.assert_close(result[b], logits.logsumexp(1), rtol=1e-5, atol=1e-5)


def test_a_cpu_falls_back_to_the_blocked_path():
    queries, negatives = unit(5, 16, 0).requires_grad_(), unit(7, 16, 1)
    assert not can_fuse(queries[None])
    losses = [contrast([[queries], [negatives]], f) for f in (False, True)]
    assert torch.equal(*losses) and losses[1].requires_grad


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a CUDA device')
def test_agrees_with_the_blocked_path():
    sizes = [(300, 290), (200, 210)]
    losses, gradients = [], []
    sets = [[unit(n, 64, n).cuda().requires_grad_() for n in size] for size in sizes]
    for fused in (False, True):
        losses.append(contrast(sets, fused))
        gradients.append(torch.autograd.grad(losses[-1].sum(), [*chain(*sets)]))
    torch.testing.assert_close(*losses, rtol=1e-3, atol=1e-3)
    for a, b in zip(*gradients):
        assert (a - b).norm() < 1e-2 * a.norm()
