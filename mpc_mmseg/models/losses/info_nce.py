"""Exact pixel InfoNCE with memory linear in the number of pixels."""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

# Elements of the one similarity block that is alive at a time (8 MiB in float32):
# large enough to keep the matrix products busy, small beside a feature map.
BLOCK_ELEMENTS = 2**21


class _InfoNCE(torch.autograd.Function):
    """Value and gradients in one sweep over blocks of queries.

    A block of rows holds all its negatives, so its softmax is known at once and
    the gradients are taken while the block is alive. The upstream gradient is a
    scalar and only scales them in backward.
    """

    @staticmethod
    def forward(ctx, queries: Tensor, negatives: Tensor, temperature: float) -> Tensor:
        need_grad = ctx.needs_input_grad[0] or ctx.needs_input_grad[1]
        q, k = queries.float(), negatives.float()
        n = q.size(0)
        total = q.sum(0)
        # Mean similarity to the other queries, without the N x N matrix.
        positive = (q @ total - (q * q).sum(1)) / ((n - 1) * temperature)
        grad_q = torch.empty_like(q) if need_grad else None
        grad_k = torch.zeros_like(k) if need_grad else None
        denominators = []
        rows = max(1, BLOCK_ELEMENTS // k.size(0))
        for start in range(0, n, rows):
            block = slice(start, min(start + rows, n))
            logits = (q[block] @ k.T).div_(temperature)
            log_sum = torch.logaddexp(logits.logsumexp(1), positive[block])
            denominators.append(log_sum)
            if need_grad:
                weights = logits.sub_(log_sum[:, None]).exp_()
                torch.mm(weights, k, out=grad_q[block])
                grad_k.addmm_(weights.T, q[block])
        log_denominator = torch.cat(denominators)
        if need_grad:
            slope = torch.exp(positive - log_denominator) - 1
            pull = slope[:, None] * (total - 2 * q) + slope @ q
            grad_q.add_(pull, alpha=1 / (n - 1)).mul_(1 / (n * temperature))
            grad_k.mul_(1 / (n * temperature))
            ctx.save_for_backward(grad_q, grad_k)
            ctx.dtypes = queries.dtype, negatives.dtype
        return (log_denominator - positive).mean()

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_loss: Tensor):
        grad_q, grad_k = ctx.saved_tensors
        q_type, k_type = ctx.dtypes
        return (grad_loss * grad_q).to(q_type), (grad_loss * grad_k).to(k_type), None


def info_nce(queries: Tensor, negatives: Tensor, temperature: float = 0.1) -> Tensor:
    r"""InfoNCE of a set of queries against a set of negatives (MPC, IEEE TIFS 2025).

    One positive logit per query, its mean similarity to the other queries:

    .. math::
        p_i = \frac{1}{N-1} \sum_{j \ne i} q_i \cdot q_j, \qquad
        L = \frac{1}{N} \sum_i -\frac{p_i}{t}
            + \log\Big(e^{p_i / t} + \sum_k e^{q_i \cdot k / t}\Big)

    Computed in float32 whatever the input's type; no N x N or N x M tensor is
    ever alive.

    Args:
        queries: L2-normalised embeddings (N, C) of the anchor class.
        negatives: L2-normalised embeddings (M, C) of the other class.
        temperature: t, above 0.

    Returns:
        Scalar loss; zero, attached to the graph, when N < 2 or M = 0.

    Raises:
        ValueError: If the temperature is not positive or the shapes do not fit.
    """
    if not temperature > 0:
        raise ValueError(f'temperature must be positive, got {temperature}')
    if queries.dim() != 2 or negatives.dim() != 2 or queries.size(1) != negatives.size(1):
        raise ValueError(
            'queries (N, C) and negatives (M, C) must share C, got '
            f'{tuple(queries.shape)} and {tuple(negatives.shape)}'
        )
    if queries.size(0) < 2 or negatives.size(0) == 0:
        return (queries.float().sum() + negatives.float().sum()) * 0
    with torch.autocast(queries.device.type, enabled=False):
        return _InfoNCE.apply(queries, negatives, temperature)
