"""Supervised contrast: every positive has a logarithm of its own."""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from .pair_packing import Pair

# Similarities of a block of rows, positives and negatives together.
BLOCK_ELEMENTS = 2**21


class _SupervisedContrast(torch.autograd.Function):
    """Value and gradients in one sweep over blocks of queries."""

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
        r = q if positives is None else positives.float()
        n, own = q.size(0), positives is None
        scale = 1 / (n * (n - 1 if own else r.size(0)))
        gradients = [torch.zeros_like(x) for x in (q, k, r) if need_grad]
        loss = q.new_zeros(())
        rows = max(1, BLOCK_ELEMENTS // (k.size(0) + r.size(0)))
        for start in range(0, n, rows):
            block = slice(start, min(start + rows, n))
            logits = (q[block] @ k.T).div_(temperature)
            shift = logits.amax(1, keepdim=True)
            terms = logits.sub_(shift).exp_()
            over_negatives = terms.sum(1, keepdim=True)
            log_sum = over_negatives.log() + shift
            # log(e^s + sum of e^negative) - s of each positive s is softplus of this.
            gaps = log_sum - (q[block] @ r.T).div_(temperature)
            if own:  # a query is not its own positive
                gaps.diagonal(start).fill_(float('-inf'))
            loss += F.softplus(gaps).sum()
            if need_grad:
                grad_q, grad_k, grad_r = gradients
                slopes = gaps.sigmoid_().mul_(scale / temperature)
                share = slopes.sum(1, keepdim=True) / over_negatives
                grad_q[block] += (terms @ k) * share - slopes @ r
                grad_k.addmm_(terms.T, q[block] * share)
                grad_r.addmm_(slopes.T, q[block], alpha=-1)
        if need_grad:
            if own:
                gradients[0] += gradients.pop()
            ctx.save_for_backward(*gradients)
            ctx.dtypes = [
                x.dtype for x in (queries, negatives, positives) if x is not None
            ]
        return loss * scale

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_loss: Tensor):
        gradients = [
            (grad_loss * g).to(dtype) for g, dtype in zip(ctx.saved_tensors, ctx.dtypes)
        ]
        return *gradients, *[None] * (4 - len(gradients))


def supervised_contrast(
    queries: Tensor,
    negatives: Tensor,
    temperature: float = 0.1,
    positives: Tensor | None = None,
) -> Tensor:
    r"""Contrast whose mean over positives stands outside the logarithm.

    .. math::
        L = \frac{1}{N} \sum_i \frac{1}{|R_i|} \sum_{r \in R_i}
            -\log \frac{e^{q_i \cdot r / t}}
                       {e^{q_i \cdot r / t} + \sum_k e^{q_i \cdot k / t}}

    Supervised contrast (Khosla et al., NeurIPS 2020, eq. 2) with the denominator of
    pixel contrast (Wang et al., ICCV 2021, eq. 3), as the MPC paper describes it.
    Unlike ``info_nce`` it pulls hardest at the positives that are furthest away.
    Computed in float32; memory linear in the number of pixels.

    Args:
        queries: L2-normalised embeddings (N, C) of the anchor class.
        negatives: L2-normalised embeddings (M, C) of the other class.
        temperature: t, above 0.
        positives: R, L2-normalised embeddings (R, C) of the anchor class in another
            view; None: the other queries.

    Returns:
        Scalar loss; zero, attached to the graph, for a degenerate pair.

    Raises:
        ValueError: If the temperature is not positive.
    """
    if not temperature > 0:
        raise ValueError(f'temperature must be positive, got {temperature}')
    pair = Pair(queries, negatives, positives)
    if pair.is_degenerate:
        return torch.cat([x for x in pair if x is not None]).float().sum() * 0
    with torch.autocast(queries.device.type, enabled=False):
        return _SupervisedContrast.apply(queries, negatives, positives, temperature)
