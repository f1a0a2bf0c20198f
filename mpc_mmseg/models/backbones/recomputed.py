"""Gradient checkpointing of modules that hold BatchNorm."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


def recomputed(
    module: nn.Module, function: Callable[[Tensor], Tensor], x: Tensor
) -> Tensor:
    """function(x), recomputed in the backward pass if ``module.with_cp`` is set.

    The function is a part of the module's forward pass. The random state is kept, so
    the second forward pass drops the same paths. Running statistics count the batch
    once.
    """
    if not (module.with_cp and x.requires_grad):
        return function(x)
    return checkpoint(
        function,
        x,
        use_reentrant=False,
        context_fn=lambda: (nullcontext(), statistics_kept(module)),
    )


@contextmanager
def statistics_kept(module: nn.Module) -> Iterator[None]:
    """Restore BatchNorm's statistics at the end: a batch must not count twice."""
    kept = [
        (norm, name, buffer)
        for norm in module.modules()
        if isinstance(norm, _BatchNorm)
        for name, buffer in norm.named_buffers()
    ]
    for norm, name, buffer in kept:
        setattr(norm, name, buffer.clone())
    try:
        yield
    finally:
        for norm, name, buffer in kept:
            setattr(norm, name, buffer)
