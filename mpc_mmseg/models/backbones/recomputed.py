"""Gradient checkpointing of modules that hold BatchNorm."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


def recomputed(
    module: nn.Module, function: Callable[[Tensor], Tensor], x: Tensor
) -> Tensor:
    """function(x), recomputed in the backward pass rather than kept.

    The random state is kept, so the second pass drops the same paths. Running
    statistics count the batch once.

    Args:
        module: Holds the BatchNorms that the function runs.
        function: A part of the module's forward pass.
        x: Its input.
    """
    return checkpoint(
        function,
        x,
        use_reentrant=False,
        context_fn=lambda: (nullcontext(), statistics_kept(module)),
    )


@contextmanager
def statistics_kept(module: nn.Module) -> Iterator[None]:
    """BatchNorms update copies of their statistics: a batch must not count twice."""
    norms = [m for m in module.modules() if isinstance(m, _BatchNorm)]
    kept = [
        (norm, name, buffer) for norm in norms for name, buffer in norm.named_buffers()
    ]
    for norm, name, buffer in kept:
        setattr(norm, name, buffer.clone())
    try:
        yield
    finally:
        for norm, name, buffer in kept:
            setattr(norm, name, buffer)
