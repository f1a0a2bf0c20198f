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
    def forward(
        ctx,
        queries: Tensor,
        negatives: Tensor,
        positives: Tensor | None,
        temperature: float,
    ) -> Tensor:
        need_grad = any(ctx.needs_input_grad[:3])
        q, k = queries.float(), negatives.float()
        n = q.size(0)
        # Mean similarity to the positives, without a matrix of pairs. A query among
        # its own set's positives is left out.
        if positives is None:
            total, others = q.sum(0), n - 1
            positive = (q @ total - (q * q).sum(1)) / (others * temperature)
        else:
            total, others = positives.float().sum(0), positives.size(0)
            positive = (q @ total) / (others * temperature)
        grad_q = torch.empty_like(q) if need_grad else q.new_empty(0)
        grad_k = torch.zeros_like(k) if need_grad else k.new_empty(0)
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
            pull = slope @ q
            if positives is None:
                grad_q.add_(slope[:, None] * (total - 2 * q) + pull, alpha=1 / others)
            else:
                grad_q.addr_(slope, total, alpha=1 / others)
            scale = 1 / (n * temperature)
            # Every positive has the same gradient.
            ctx.save_for_backward(
                grad_q.mul_(scale), grad_k.mul_(scale), pull.mul_(scale / others)
            )
            ctx.shapes = [
                None if x is None else (x.shape, x.dtype)
                for x in (queries, negatives, positives)
            ]
        return (log_denominator - positive).mean()

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_loss: Tensor):
        gradients = [
            None if spec is None else (grad_loss * g).to(spec[1]).expand(spec[0])
            for g, spec in zip(ctx.saved_tensors, ctx.shapes)
        ]
        return *gradients, None


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
            \;\text{or}\; \frac{1}{P} \sum_j q_i \cdot p_j, \qquad
        L = \frac{1}{N} \sum_i -\frac{p_i}{t}
            + \log\Big(e^{p_i / t} + \sum_k e^{q_i \cdot k / t}\Big)

    Computed in float32 whatever the input's type; no N x N or N x M tensor is
    ever alive.

    Args:
        queries: L2-normalised embeddings (N, C) of the anchor class.
        negatives: L2-normalised embeddings (M, C) of the other class.
        temperature: t, above 0.
        positives: L2-normalised embeddings (P, C) of the anchor class in another
            view; None: the other queries.

    Returns:
        Scalar loss; zero, attached to the graph, when there is no negative, no
        query, or none but the query itself to be its positive.

    Raises:
        ValueError: If the temperature is not positive or the shapes do not fit.
    """
    if not temperature > 0:
        raise ValueError(f'temperature must be positive, got {temperature}')
    sets = [x for x in (queries, negatives, positives) if x is not None]
    if any(x.dim() != 2 or x.size(1) != queries.size(-1) for x in sets):
        raise ValueError(
            'queries (N, C), negatives (M, C) and positives (P, C) must share C, got '
            f'{[tuple(x.shape) for x in sets]}'
        )
    fewest = 2 if positives is None else 1
    if queries.size(0) < fewest or any(x.size(0) == 0 for x in sets[1:]):
        return torch.stack([x.float().sum() for x in sets]).sum() * 0
    with torch.autocast(queries.device.type, enabled=False):
        return _InfoNCE.apply(queries, negatives, positives, temperature)
