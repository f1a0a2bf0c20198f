"""1x1 convolutions and linear layers by oneDNN's matrix product, on a CPU."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable


def is_fast(*tensors: Tensor | None) -> bool:
    """Whether `product` takes these: float32 on a CPU, run eagerly."""
    # Compiled and exported graphs hold operations that others know.
    return (
        all(t is None or (t.is_cpu and t.dtype == torch.float32) for t in tensors)
        and torch.backends.mkldnn.is_available()
        and hasattr(torch.ops.mkldnn, '_linear_pointwise')
        and not torch.is_autocast_enabled('cpu')
        and not torch.compiler.is_compiling()
        and not torch.jit.is_tracing()
        and not torch.onnx.is_in_onnx_export()
    )


def product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """``F.linear`` of what `is_fast` takes, without a gradient of its own.

    The product that ``F.linear`` itself takes on a CPU needs up to twice as long with
    78 channels as with 80, and HRFormer-base has 78 and 156; oneDNN's does not. A 1x1
    convolution of one image is slower with one thread, and it is unfolded first in its
    backward pass (docs/benchmarks.md).

    Args:
        x: (..., C).
        weight: (D, C).
        bias: (D,).

    Returns:
        (..., D).
    """
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, 'none', [], '')


def weight_gradient(x: Tensor, grad: Tensor) -> Tensor:
    """Gradient (D, C) of a weight, from inputs (L, C) and output gradients (L, D)."""
    # The narrower one on the left is up to a quarter faster.
    if x.shape[1] < grad.shape[1]:
        return (x.t() @ grad).t()
    return grad.t() @ x


class _Pointwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return product(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        need_x, need_weight, need_bias = ctx.needs_input_grad
        grad = grad.contiguous()
        rows = grad.view(-1, grad.shape[-1])
        return (
            product(grad, weight.t().contiguous(), None) if need_x else None,
            weight_gradient(x.reshape(-1, x.shape[-1]), rows) if need_weight else None,
            rows.sum(0) if need_bias else None,
        )


def pointwise(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """``F.linear``, on a CPU by `product`.

    Args:
        x: (..., C).
        weight: (D, C).
        bias: (D,).

    Returns:
        (..., D).
    """
    if is_fast(x, weight, bias):
        return _Pointwise.apply(x, weight, bias)
    return F.linear(x, weight, bias)


def pointwise_map(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """A 1x1 convolution of what `is_fast` takes, by `product`.

    Args:
        x: Maps (B, C, H, W), channels-last.
        weight: (D, C, 1, 1).
        bias: (D,).

    Returns:
        (B, D, H, W), channels-last.
    """
    tokens = _Pointwise.apply(x.permute(0, 2, 3, 1), weight.flatten(1), bias)
    return tokens.permute(0, 3, 1, 2)
