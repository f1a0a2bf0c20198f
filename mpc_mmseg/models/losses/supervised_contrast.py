"""Supervised contrast: one logarithm per positive."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from .info_nce import Pair, by_group, single_pair

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
    in the number of pixels. Arguments, result and errors are those of ``info_nce``.
    """
    pair = single_pair(queries, negatives, temperature, positives)
    return packed_supervised_contrast(pair, temperature)[0]


def packed_supervised_contrast(pair: Pair, temperature: float) -> Tensor:
    """``supervised_contrast`` (B,) of each image of a batch."""
    sets = pair.queries, pair.negatives, pair.pulling
    q, k, r = (x.rows.float() for x in sets)
    no_negative, no_positive = (x.padding() for x in sets[1:])
    weights = pair.query_weights() / pair.positive_counts().clamp(min=1)[:, None]
    rows = max(1, BLOCK_ELEMENTS // (q.size(0) * (k.size(1) + r.size(1))))

    def block_sum(start: int, q: Tensor, k: Tensor, r: Tensor) -> Tensor:
        block = slice(start, start + rows)
        negative = q[:, block] @ k.mT / temperature
        if no_negative is not None:  # finite: an image may have none at all
            negative = negative.masked_fill(no_negative[:, None], -1e30)
        # log(e^s + sum of e^negative) - s of each positive s is softplus of this.
        gaps = negative.logsumexp(2, keepdim=True) - q[:, block] @ r.mT / temperature
        if pair.positives is None:  # a query is not its own positive
            gaps.diagonal(start, 1, 2).fill_(float('-inf'))
        if no_positive is not None:
            gaps = gaps.masked_fill(no_positive[:, None], float('-inf'))
        return (F.softplus(gaps).sum(2) * weights[:, block]).sum(1)

    with torch.autocast(q.device.type, enabled=False):
        return torch.stack(
            [
                checkpoint(
                    block_sum, i, q, k, r, use_reentrant=False, preserve_rng_state=False
                )
                for i in range(0, q.size(1), rows)
            ]
        ).sum(0)


@MODELS.register_module()
class SupervisedContrast(nn.Module):
    """One logarithm per positive, averaged outside: see ``supervised_contrast``.

    For authentic pixels in several clusters, at about twice the cost of
    ``MeanPositiveContrast``; with ``positives='other'`` in the views it is the form
    that the paper describes.
    """

    def forward(self, pairs: Sequence[Pair], temperature: float) -> Tensor:
        """Losses (P, B) of P pairs of sets for B images."""
        return torch.stack(
            [by_group(p, packed_supervised_contrast, temperature) for p in pairs]
        )
