"""Which contrast a pair of pixel sets is put to."""

from collections.abc import Sequence

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn

from .info_nce import info_nce_of_pairs
from .pair_packing import Pair
from .supervised_contrast import supervised_contrast


@MODELS.register_module()
class MeanPositiveContrast(nn.Module):
    """One positive logit per query, the mean over its positives: see ``info_nce``.

    The released program's form and the one to start with: the fastest, and the
    pairs of a batch share passes.

    Args:
        fused: Use a fused kernel on a GPU that can; off until it has been measured
            on one (docs/benchmarks.md).
    """

    def __init__(self, fused: bool = False) -> None:
        super().__init__()
        self.fused = fused

    def forward(self, pairs: Sequence[Pair], temperature: float) -> Tensor:
        """Losses (P,) of P pairs."""
        return info_nce_of_pairs(pairs, temperature, self.fused)


@MODELS.register_module()
class SupervisedContrast(nn.Module):
    """A logarithm for each positive, averaged outside: see ``supervised_contrast``.

    For authentic pixels that fall apart into several clusters: far positives pull
    harder than near ones. Costs about twice ``MeanPositiveContrast``; with
    ``positives='other'`` in the views it is the form that the paper describes.
    """

    def forward(self, pairs: Sequence[Pair], temperature: float) -> Tensor:
        """Losses (P,) of P pairs."""
        return torch.stack(
            [
                supervised_contrast(p.queries, p.negatives, temperature, p.positives)
                for p in pairs
            ]
        )
