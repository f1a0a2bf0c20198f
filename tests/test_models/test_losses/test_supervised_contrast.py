import pytest
import torch
import torch.nn.functional as F

from mpc_mmseg.models.losses.supervised_contrast import supervised_contrast


def unit(n, c, seed):
    generator = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(n, c, generator=generator), dim=1)


def naive(queries, negatives, temperature, positives=None):
    """The formula, pair by pair, in float64."""
    total = 0.0
    for i, q in enumerate(queries):
        logits = negatives @ q / temperature
        own = [queries[j] for j in range(len(queries)) if j != i]
        terms = []
        for r in own if positives is None else positives:
            s = q @ r / temperature
            terms.append(torch.logsumexp(torch.cat([s[None], logits]), 0) - s)
        total = total + torch.stack(terms).mean()
    return total / len(queries)


@pytest.mark.parametrize('temperature', [0.01, 0.1, 1.0])
@pytest.mark.parametrize('with_positives', [False, True])
@pytest.mark.parametrize('block', [50, 2**21])
def test_value_and_gradients_of_the_naive_loop(
    temperature, with_positives, block, monkeypatch
):
    monkeypatch.setitem(supervised_contrast.__globals__, 'BLOCK_ELEMENTS', block)
    sizes = (12, 20, 9) if with_positives else (12, 20)
    inputs = [unit(n, 8, n).requires_grad_() for n in sizes]
    reference = [x.detach().double().requires_grad_() for x in inputs]

    def call(function, sets):
        return function(sets[0], sets[1], temperature, *sets[2:])

    loss, expected = call(supervised_contrast, inputs), call(naive, reference)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    (3 * loss).backward()
    (3 * expected).backward()
    for x, y in zip(inputs, reference):
        assert (x.grad - y.grad).norm() / y.grad.norm() < 1e-5


@pytest.mark.parametrize('sizes', [(1, 4), (5, 0), (0, 4), (5, 4, 0), (0, 4, 3)])
def test_degenerate_sets_give_an_attached_zero(sizes):
    inputs = [unit(n, 8, n).requires_grad_() for n in sizes]
    loss = supervised_contrast(inputs[0], inputs[1], 0.1, *inputs[2:])
    assert loss.item() == 0
    loss.backward()
    assert all(not x.grad.any() for x in inputs)


def test_far_positives_pull_harder():
    angles = torch.tensor([0.0, 0.2, 1.5])
    queries = torch.stack([angles.cos(), angles.sin()], 1)
    positives = queries[1:].clone().requires_grad_()
    supervised_contrast(queries[:1], -queries[:1], 0.1, positives).backward()
    near, far = positives.grad.norm(dim=1)
    assert far > 100 * near


def test_temperature_is_checked():
    with pytest.raises(ValueError, match='temperature'):
        supervised_contrast(unit(3, 4, 0), unit(3, 4, 1), -1)
