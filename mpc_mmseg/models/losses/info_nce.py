"""Exact pixel InfoNCE with memory linear in the number of pixels."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from .fused_log_sum_exp import can_fuse, fused_log_sum_exp
from .pair_packing import PADDING_FREE, Pair, group, pad

# Similarities alive at a time. On a CPU 4 MiB, small beside a feature map; a GPU
# wants larger products.
BLOCK_ELEMENTS = {'cpu': 2**20, 'cuda': 2**26}
# Queries of a block that very many negatives get all the same: each block reads and
# writes all their gradients, which fewer queries would not pay for.
MIN_ROWS = 512


def sweep(
    queries: Tensor,
    negatives: Tensor,
    total: Tensor | None,
    positive_counts: Tensor,
    row_weights: Tensor,
    padding: Tensor | None,
    temperature: float,
    need_grad: bool,
) -> tuple[Tensor, list[Tensor]]:
    """Values and gradients of a padded batch, block of queries by block.

    A block of rows holds all its negatives, so its softmax is known at once and
    the gradients are taken while the block is alive: three matrix products, where
    recomputing the block in backward takes four.

    Args:
        queries: (P, N, C).
        negatives: (P, M, C).
        total: Sum of the positives (P, C) in float32; None: of the other queries.
        positive_counts: Positives of a query (P, 1).
        row_weights: (P, N), 1 / N_p, zero for padding.
        padding: (P, 1, M), true where a negative is padding; None: nowhere.
        temperature: t.
        need_grad: Whether to take gradients.

    Returns:
        Losses (P,), and their gradients by queries, negatives and total in
        float32; none if not needed.
    """
    q, k = queries.float(), negatives.float()
    positive = positive_logits(q, total, positive_counts, temperature)
    grad_q = torch.empty_like(q) if need_grad else q.new_empty(0)
    grad_k = torch.zeros_like(k) if need_grad else k.new_empty(0)
    pairs, n, m = q.size(0), q.size(1), k.size(1)
    budget = BLOCK_ELEMENTS.get(q.device.type, BLOCK_ELEMENTS['cuda'])
    rows = min(n, max(1, budget // (pairs * m), min(MIN_ROWS, m // 32)))
    buffer = q.new_empty(pairs * rows * m)
    values, slopes = [], []
    for start in range(0, n, rows):
        block = slice(start, min(start + rows, n))
        p, weights = positive[:, block], row_weights[:, block]
        logits = buffer[: p.numel() * m].view(*p.shape, m)
        torch.baddbmm(
            logits, q[:, block], k.mT, beta=0, alpha=1 / temperature, out=logits
        )
        if padding is not None:
            logits.masked_fill_(padding, float('-inf'))
        shift = torch.maximum(logits.amax(2), p)
        terms = logits.sub_(shift[..., None]).exp_()
        over_negatives = terms.sum(2)
        # log(e^p + sum of e^negative) - p, without cancellation.
        values.append(F.softplus(over_negatives.log() + (shift - p)) * weights)
        if need_grad:
            share = weights / (over_negatives + torch.exp(p - shift))
            slopes.append(-share * over_negatives)
            share = share[..., None] / temperature
            torch.bmm(terms, k, out=grad_q[:, block])
            grad_q[:, block] *= share
            grad_k.baddbmm_(terms.mT, q[:, block] * share)
    losses = torch.cat(values, 1).sum(1)
    if not need_grad:
        return losses, []
    # Of the positive logits: every positive has the same gradient.
    slope = torch.cat(slopes, 1) / (positive_counts * temperature)  # (P, N)
    pull = weighted_sum(slope, q)  # (P, 1, C)
    if total is None:
        grad_q.addcmul_(slope[..., None], sum_of(q))
        grad_q.addcmul_(slope[..., None], q, value=-2).add_(pull)
        return losses, [grad_q, grad_k]
    grad_q.addcmul_(slope[..., None], total[:, None])
    return losses, [grad_q, grad_k, pull[:, 0]]


class _BlockedInfoNCE(torch.autograd.Function):
    """``sweep`` for autograd: the upstream gradient, a scalar a pair, scales it."""

    @staticmethod
    def forward(ctx, queries, negatives, total, *rest):
        losses, ctx.gradients = sweep(
            queries, negatives, total, *rest, need_grad=any(ctx.needs_input_grad[:3])
        )
        ctx.save_for_backward(queries, negatives, total)
        ctx.rest = rest
        return losses

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_losses):
        inputs = ctx.saved_tensors
        # Scaled in place and handed on; a second backward sweeps once more.
        gradients = ctx.gradients or sweep(*inputs, *ctx.rest, need_grad=True)[1]
        ctx.gradients = None
        for gradient in gradients:
            gradient.mul_(grad_losses.view(-1, *[1] * (gradient.dim() - 1)))
        padded = [*gradients, None][:3]
        return *(
            None if g is None else g.to(x.dtype) for g, x in zip(padded, inputs)
        ), *[None] * len(ctx.rest)


def sum_of(sets: Tensor) -> Tensor:
    """Sums (P, 1, C) in float32 of sets (P, N, C), accumulated in float64."""
    return sets.sum(1, keepdim=True, dtype=torch.float64).float()


def weighted_sum(weights: Tensor, sets: Tensor) -> Tensor:
    """Sums (P, 1, C) of sets (P, N, C) with weights (P, N).

    In parts: one product over thousands of like rows loses three digits.
    """
    parts = zip(weights.split(512, 1), sets.split(512, 1))
    return sum(torch.bmm(w[:, None], x) for w, x in parts)  # type: ignore


def positive_logits(
    queries: Tensor, total: Tensor | None, counts: Tensor, temperature: float
) -> Tensor:
    """Mean similarity to the positives over t, without a matrix of pairs.

    Args:
        queries: (P, N, C).
        total: Sum of each pair's positives (P, C); None: the other queries.
        counts: Positives of a query (P, 1).
        temperature: t.

    Returns:
        (P, N).
    """
    if total is None:
        # A query is not among its own positives.
        similarity = (queries @ sum_of(queries).mT)[..., 0]
        similarity = similarity - queries.square().sum(2)
    else:
        similarity = (queries @ total[..., None])[..., 0]
    return similarity / (counts * temperature)


def _one_pass(pairs: Sequence[Pair], temperature: float, fused: bool) -> Tensor:
    """Losses (P,) of pairs that are all with positives, or all without."""
    queries, negatives = (
        pad([p.queries for p in pairs]),
        pad([p.negatives for p in pairs]),
    )
    device = queries.device
    n, m = (torch.tensor(x) for x in zip(*(p.sizes for p in pairs)))
    row_weights = (torch.arange(queries.size(1)) < n[:, None]) / n[:, None]
    padding = None
    if m.min() < m.max():
        padding = (torch.arange(negatives.size(1)) >= m[:, None])[:, None].to(device)
    if pairs[0].positives is None:
        total, counts = None, n - 1
    else:
        sets = [p.positives for p in pairs if p.positives is not None]
        total = sum_of(pad(sets))[:, 0]
        counts = torch.tensor([x.size(0) for x in sets])
    row_weights, counts = row_weights.to(device), counts[:, None].to(device)
    if fused and can_fuse(queries):
        log_sums = fused_log_sum_exp(queries, negatives, m.to(device), temperature)
        positive = positive_logits(queries.float(), total, counts, temperature)
        return (F.softplus(log_sums - positive) * row_weights).sum(1)
    return _BlockedInfoNCE.apply(
        queries, negatives, total, counts, row_weights, padding, temperature
    )


def info_nce_of_pairs(
    pairs: Sequence[Pair], temperature: float = 0.1, fused: bool = False
) -> Tensor:
    """The loss of ``info_nce`` for each of several pairs, in shared passes.

    Pairs of like sizes are padded and swept together, so that the number of kernel
    launches does not grow with the number of pairs.

    Args:
        pairs: Pairs whose sets share C; their sizes may differ.
        temperature: t, above 0.
        fused: On a GPU that can, use FlexAttention's kernel in place of the blocked
            sweep, in the precision of the inputs.

    Returns:
        Losses (P,), float32; zero, attached to the graph, for degenerate pairs.

    Raises:
        ValueError: If the temperature is not positive or the shapes do not fit.
    """
    if not temperature > 0:
        raise ValueError(f'temperature must be positive, got {temperature}')
    if not pairs:
        return torch.zeros(0)
    channels = pairs[0].queries.size(-1)
    for pair in pairs:
        sets = [x for x in pair if x is not None]
        if any(x.dim() != 2 or x.size(1) != channels for x in sets):
            raise ValueError(
                'queries (N, C), negatives (M, C) and positives (R, C) must share C, '
                f'got {[tuple(x.shape) for x in sets]}'
            )
    device = pairs[0].queries.device
    parts, order = [], []
    for with_positives in (False, True):
        chosen = [
            i
            for i, pair in enumerate(pairs)
            if not pair.is_degenerate and (pair.positives is not None) == with_positives
        ]
        free = PADDING_FREE.get(device.type, PADDING_FREE['cuda'])
        for members in group([pairs[i].sizes for i in chosen], free):
            indices = [chosen[j] for j in members]
            with torch.autocast(device.type, enabled=False):
                parts.append(_one_pass([pairs[i] for i in indices], temperature, fused))
            order += indices
    degenerate = [i for i, pair in enumerate(pairs) if pair.is_degenerate]
    if degenerate:
        sets = [x for i in degenerate for x in pairs[i] if x is not None]
        zero = torch.cat(sets).float().sum() * 0
        parts.append(zero.expand(len(degenerate)))
        order += degenerate
    return torch.cat(parts)[torch.tensor(order).argsort().to(device)]


def info_nce(
    queries: Tensor,
    negatives: Tensor,
    temperature: float = 0.1,
    positives: Tensor | None = None,
) -> Tensor:
    r"""InfoNCE of a set of queries against a set of negatives (MPC, IEEE TIFS 2025).

    One positive logit per query, its mean similarity to the other queries (the
    released program) or to the positives of another view (the paper's drawing):

    .. math::
        p_i = \frac{1}{N-1} \sum_{j \ne i} q_i \cdot q_j
            \;\text{or}\; \frac{1}{R} \sum_j q_i \cdot p_j, \qquad
        L = \frac{1}{N} \sum_i -\frac{p_i}{t}
            + \log\Big(e^{p_i / t} + \sum_k e^{q_i \cdot k / t}\Big)

    Computed in float32 whatever the input's type; no N x N or N x M tensor is
    ever alive.

    Args:
        queries: L2-normalised embeddings (N, C) of the anchor class.
        negatives: L2-normalised embeddings (M, C) of the other class.
        temperature: t, above 0.
        positives: L2-normalised embeddings (R, C) of the anchor class in another
            view; None: the other queries.

    Returns:
        Scalar loss; zero, attached to the graph, when there is no negative, no
        query, or none but the query itself to be its positive.

    Raises:
        ValueError: If the temperature is not positive or the shapes do not fit.
    """
    return info_nce_of_pairs([Pair(queries, negatives, positives)], temperature)[0]
