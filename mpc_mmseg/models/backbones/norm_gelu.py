"""BatchNorm, GELU and a convolution that keep one map for the backward pass."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from .pointwise import as_images


def gelu(x: Tensor) -> Tensor:
    """GELU of channels-last maps (B, C, H, W), in place where no gradient needs x."""
    # torch takes its fast path for tensors that are contiguous as they are indexed.
    tokens = x.permute(0, 2, 3, 1)
    function = F.gelu if torch.is_grad_enabled() else torch.ops.aten.gelu_
    return function(tokens).permute(0, 3, 1, 2)


def norm_gelu(x: Tensor, norm: nn.Module, conv: nn.Conv2d | None = None) -> Tensor:
    """conv(gelu(norm(x))).

    Written so, three maps are kept for the backward pass: what BatchNorm, GELU and
    the convolution each take. Only x is kept here, where batch statistics are used;
    the others follow from it by cheap passes.

    Args:
        x: (B, C, H, W), channels-last.
        norm: The normalisation; one that is not torch's BatchNorm of the batch's
            statistics is run as it is.
        conv: None for none, else of stride 1.

    Returns:
        (B, D, H, W), or (B, C, H, W) without a convolution.
    """
    lean = (
        type(norm) is nn.BatchNorm2d
        and norm.training
        and norm.affine
        and norm.running_mean is not None
        and norm.momentum is not None
        and torch.is_grad_enabled()
    )
    if not lean:
        y = gelu(norm(x))
        return y if conv is None else conv(y)
    assert isinstance(norm, nn.BatchNorm2d) and norm.num_batches_tracked is not None
    norm.num_batches_tracked.add_(1)
    weights = (None, None) if conv is None else (conv.weight, conv.bias)
    return _NormGELU.apply(x, norm.weight, norm.bias, *weights, norm, conv)


class _NormGELU(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        gamma: Tensor,
        beta: Tensor,
        weight: Tensor | None,
        bias: Tensor | None,
        norm: nn.BatchNorm2d,
        conv: nn.Conv2d | None,
    ) -> Tensor:
        assert norm.momentum is not None
        y, mean, deviation = torch.native_batch_norm(
            x,
            gamma,
            beta,
            norm.running_mean,
            norm.running_var,
            True,
            norm.momentum,
            norm.eps,
        )
        y = torch.ops.aten.gelu_(y.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        ctx.save_for_backward(x, gamma, beta, weight, mean, deviation)
        ctx.eps, ctx.conv = norm.eps, conv
        if weight is None or conv is None:
            return y
        device = x.device.type
        if torch.is_autocast_enabled(device):
            y = y.to(torch.get_autocast_dtype(device))
        ctx.computed = y.dtype
        weight = weight.to(y.dtype)
        bias = None if bias is None else bias.to(y.dtype)
        with torch.autocast(device, enabled=False):
            out = F.conv2d(
                _fast(y, conv), weight, bias, padding=conv.padding, groups=conv.groups
            )
        return _as_map(out, y)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, gamma, beta, weight, mean, deviation = ctx.saved_tensors
        # (x - mean) gamma / sigma + beta, as the forward pass had it
        scale = deviation * gamma
        tokens = torch.addcmul(beta - mean * scale, x.permute(0, 2, 3, 1), scale)
        tokens = tokens.to(x.dtype)
        grad_weight = grad_bias = None
        if weight is not None:
            conv = ctx.conv
            active = F.gelu(tokens).permute(0, 3, 1, 2).to(ctx.computed)
            grad, grad_weight, grad_bias = torch.ops.aten.convolution_backward(
                _fast(grad.contiguous(memory_format=torch.channels_last), conv),
                _fast(active, conv),
                weight.to(ctx.computed),
                [len(weight)],
                conv.stride,
                conv.padding,
                conv.dilation,
                False,
                [0, 0],
                conv.groups,
                [True, ctx.needs_input_grad[3], ctx.needs_input_grad[4]],
            )
            grad = _as_map(grad, active).to(x.dtype)
            del active
        grad = torch.ops.aten.gelu_backward(grad.permute(0, 2, 3, 1), tokens)
        del tokens
        grads = torch.ops.aten.native_batch_norm_backward(
            grad.permute(0, 3, 1, 2),
            x,
            gamma,
            None,
            None,
            mean,
            deviation,
            True,
            ctx.eps,
            ctx.needs_input_grad[:3],
        )
        return *grads, grad_weight, grad_bias, None, None


def _fast(x: Tensor, conv: nn.Conv2d) -> Tensor:
    """The map as the convolution's kernel likes it: (B, C, H, W) or (N, C, 1, L)."""
    if conv.kernel_size != (1, 1) or not x.is_cpu:
        return x
    images = as_images(x.permute(0, 2, 3, 1))
    return x if images is None else images


def _as_map(x: Tensor, like: Tensor) -> Tensor:
    """Maps (B, D, H, W) of what `_fast` made of maps of the same pixels."""
    batch, _, height, width = like.shape
    tokens = x.permute(0, 2, 3, 1)
    return tokens.reshape(batch, height, width, -1).permute(0, 3, 1, 2)
