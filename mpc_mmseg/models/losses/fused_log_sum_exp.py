"""Log-sum-exp over negatives by FlexAttention's kernel, for CUDA."""

import functools
import importlib
from collections.abc import Callable

import torch
from torch import Tensor


@functools.cache
def _kernel(compiled: bool) -> Callable:
    # Imported on use: older torch versions lack it and do not need it.
    from torch.nn.attention.flex_attention import AuxRequest, flex_attention

    attend = functools.partial(flex_attention, return_aux=AuxRequest(lse=True))

    # Uncompiled it builds the whole matrix: good for tests on a CPU alone.
    return torch.compile(attend) if compiled else attend


def can_fuse(queries: Tensor) -> bool:
    """Whether torch has the kernel for these queries (P, N, C) and their device."""
    if not queries.is_cuda or queries.size(-1) < 16:
        return False
    if torch.cuda.get_device_capability(queries.device) < (8, 0):
        return False
    try:
        module = importlib.import_module('torch.nn.attention.flex_attention')
    except ImportError:
        return False
    return hasattr(module, 'AuxRequest')


def fused_log_sum_exp(
    queries: Tensor, negatives: Tensor, counts: Tensor, temperature: float
) -> Tensor:
    """log of the sum over negatives k of exp(q . k / t) for each query.

    Attention computes it on its way; what attention returns is not used.

    Args:
        queries: (P, N, C).
        negatives: (P, M, C), padded at the end.
        counts: Negatives of each pair that are not padding (P,), at least 1.
        temperature: t.

    Returns:
        (P, N) in float32. Its gradient needs CUDA.
    """

    def without_padding(score, batch, head, row, column):
        return torch.where(column < counts[batch], score, -float('inf'))

    keys = negatives[:, None]
    _, aux = _kernel(queries.is_cuda)(
        queries[:, None],
        keys,
        keys,
        score_mod=without_padding,
        scale=1 / temperature,
    )
    return aux.lse[:, 0].float()
