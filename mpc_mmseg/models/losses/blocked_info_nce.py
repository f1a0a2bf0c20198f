"""The InfoNCE of a padded batch of pairs, block of queries by block."""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

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


class BlockedInfoNCE(torch.autograd.Function):
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
