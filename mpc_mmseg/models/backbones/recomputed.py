"""Gradient checkpointing of modules that hold BatchNorm."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import torch.utils.checkpoint as cp
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


def recomputed(
    module: nn.Module, function: Callable[[Tensor], Tensor], x: Tensor
) -> Tensor:
    """function(x), computed again in the backward pass rather than kept.

    The random state is kept, so the second pass drops the same paths. Running
    statistics count the batch once.

    Args:
        module: Holds the BatchNorms that the function runs.
        function: A part of the module's forward pass.
        x: Its input.
    """
    return cp.checkpoint(
        function,
        x,
        use_reentrant=False,
        context_fn=lambda: (nullcontext(), statistics_untouched(module)),
    )


@contextmanager
def statistics_untouched(module: nn.Module) -> Iterator[None]:
    """Keeps running statistics as they are: a recomputed batch must not count twice."""
    norms = [m for m in module.modules() if isinstance(m, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    counts = [norm.num_batches_tracked for norm in norms]
    before = [None if count is None else count.clone() for count in counts]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta):
            norm.momentum = momentum
        for count, value in zip(counts, before):
            if count is not None and value is not None:
                count.copy_(value)
