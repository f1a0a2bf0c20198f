"""1x1 convolutions and linear layers by oneDNN's matrix product, on a CPU."""

from typing import Any

import torch
import torch.nn.functional as F
from mmengine.registry import MODELS
from torch import Tensor, nn
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


# Beside mmcv's own layers, which are found from every scope.
@MODELS.register_module()
class PointwiseConv(nn.Conv2d):
    """A 1x1 convolution that computes channels-last maps by `pointwise`.

    Its weights are those of ``nn.Conv2d``. A layer of mmcv too:
    ``conv_cfg=dict(type='PointwiseConv')``.

    Args:
        in_channels: Channels C of the input.
        out_channels: Channels D of the output.
        kernel_size: 1, as mmcv hands it over.
        **kwargs: ``bias`` and what else leaves a 1x1 convolution one: the defaults of
            ``nn.Conv2d``.

    Raises:
        ValueError: If it is another convolution than 1x1 of stride 1 in one group.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int = 1, **kwargs: Any
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, **kwargs)
        found = (self.kernel_size, self.stride, self.padding, self.groups)
        if found != ((1, 1), (1, 1), (0, 0), 1):
            raise ValueError(
                'a PointwiseConv is 1x1 of stride 1, unpadded and in one group, got '
                f'kernel_size, stride, padding, groups = {found}'
            )

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, D, H, W) of maps (B, C, H, W)."""
        if not (
            is_fast(x, self.weight, self.bias)
            and x.dim() == 4
            and x.is_contiguous(memory_format=torch.channels_last)
        ):
            return super().forward(x)
        return pointwise_map(x, self.weight, self.bias)
