"""Exact pixel InfoNCE with memory linear in the number of pixels."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from .blocked_info_nce import BlockedInfoNCE, positive_logits, sum_of
from .fused_log_sum_exp import can_fuse, fused_log_sum_exp
from .pair_packing import PADDING_FREE, Pair, group, pad


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
    return BlockedInfoNCE.apply(
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
