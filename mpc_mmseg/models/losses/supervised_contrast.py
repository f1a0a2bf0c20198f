"""Supervised contrast: one logarithm per positive."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from .info_nce import Pair

# Similarities of a block of queries, positives and negatives together.
BLOCK_ELEMENTS = 2**21


def supervised_contrast(
    queries: Tensor,
    negatives: Tensor,
    temperature: float = 0.1,
    positives: Tensor | None = None,
) -> Tensor:
    r"""Contrast with the mean over positives outside the logarithm.

    .. math::
        L = \frac{1}{N} \sum_i \frac{1}{|R_i|} \sum_{r \in R_i}
            -\log \frac{e^{q_i \cdot r / t}}
                       {e^{q_i \cdot r / t} + \sum_k e^{q_i \cdot k / t}}

    Supervised contrast (Khosla et al., NeurIPS 2020, eq. 2) with the denominator of
    pixel contrast (Wang et al., ICCV 2021, eq. 3), as the MPC paper describes it.
    Unlike ``info_nce`` it attracts the most distant positives most. Computed in float32
    by blocks of queries, each recomputed in the backward pass, so that memory is linear
    in the number of pixels.

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
        return pair.zero()
    own = positives is None
    q, k = queries.float(), negatives.float()
    r = q if positives is None else positives.float()
    n, rows = q.size(0), max(1, BLOCK_ELEMENTS // (k.size(0) + r.size(0)))

    def block_sum(start: int, q: Tensor, k: Tensor, r: Tensor) -> Tensor:
        block = q[start : start + rows]
        over_negatives = (block @ k.T / temperature).logsumexp(1, keepdim=True)
        # log(e^s + sum of e^negative) - s of each positive s is softplus of this.
        gaps = over_negatives - block @ r.T / temperature
        if own:  # a query is not its own positive
            gaps.diagonal(start).fill_(float('-inf'))
        return F.softplus(gaps).sum()

    with torch.autocast(q.device.type, enabled=False):
        total = sum(
            checkpoint(
                block_sum, start, q, k, r, use_reentrant=False, preserve_rng_state=False
            )
            for start in range(0, n, rows)
        )
    return total / (n * (r.size(0) - own))


@MODELS.register_module()
class SupervisedContrast(nn.Module):
    """One logarithm per positive, averaged outside: see ``supervised_contrast``.

    For authentic pixels in several clusters: far positives attract more than near ones.
    Costs about twice ``MeanPositiveContrast``; with ``positives='other'`` in the views
    it is the form that the paper describes.
    """

    def forward(self, pairs: Sequence[Pair], temperature: float) -> Tensor:
        """Losses (P,) of P pairs."""
        return torch.stack(
            [
                supervised_contrast(p.queries, p.negatives, temperature, p.positives)
                for p in pairs
            ]
        )
