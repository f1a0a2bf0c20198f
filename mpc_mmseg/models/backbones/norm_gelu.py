"""BatchNorm, GELU and a convolution that keep one map for the backward pass."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from mpc_mmseg.models.pointwise import is_fast

from .norm_gelu_product import NormGELUProduct, as_scale, norm_gradients


def gelu(x: Tensor) -> Tensor:
    """GELU of channels-last maps (B, C, H, W), in place where no gradient needs x."""
    # torch takes its fast path for tensors that are contiguous as they are indexed.
    tokens = x.permute(0, 2, 3, 1)
    function = F.gelu if torch.is_grad_enabled() else torch.ops.aten.gelu_
    return function(tokens).permute(0, 3, 1, 2)


def takes_bias_away(norm: nn.Module | None) -> bool:
    """Whether norm(x + bias) is norm(x), for it subtracts the mean of the batch.

    The gradient of such a bias is zero. `norm_gelu` gives it that, without the sum over
    all pixels whose rounding error would come out instead.
    """
    return (
        type(norm) is nn.BatchNorm2d
        and norm.training
        and norm.affine
        and norm.running_mean is not None
        and norm.momentum is not None
        and torch.is_grad_enabled()
    )


def bias_before(norm: nn.Module | None, conv: nn.Conv2d) -> Tensor | None:
    """The bias (D,) of a convolution before norm, detached where that takes it away."""
    if conv.bias is not None and takes_bias_away(norm):
        return conv.bias.detach()
    return conv.bias


def norm_gelu(
    x: Tensor,
    norm: nn.Module,
    conv: nn.Conv2d | None = None,
    next_norm: nn.Module | None = None,
    last_bias: Tensor | None = None,
) -> Tensor:
    """conv(gelu(norm(x))).

    Written so, three maps are kept for the backward pass: what BatchNorm, GELU and
    the convolution each take. Only x is kept here, where batch statistics are used;
    the others follow from it by cheap passes. For a 1x1 convolution on a CPU these are
    not made whole where a map is large: blocks of tokens go through all three at once.

    Args:
        x: (B, C, H, W), channels-last.
        norm: The normalisation; one that is not torch's BatchNorm of the batch's
            statistics is run as it is.
        conv: None for none, else of stride 1.
        next_norm: The normalisation that the next call applies to the result.
        last_bias: The bias (C,) that x was made with, as `bias_before` gives it.

    Returns:
        (B, D, H, W), or (B, C, H, W) without a convolution.
    """
    if not takes_bias_away(norm):
        y = gelu(norm(x))
        return y if conv is None else conv(y)
    assert isinstance(norm, nn.BatchNorm2d) and norm.num_batches_tracked is not None
    norm.num_batches_tracked.add_(1)
    weights = (
        (None, None) if conv is None else (conv.weight, bias_before(next_norm, conv))
    )
    blocked = (
        conv is not None
        and conv.kernel_size == (1, 1)
        and x.is_contiguous(memory_format=torch.channels_last)
        and is_fast(x, norm.weight, *weights)
    )
    function = NormGELUProduct if blocked else _NormGELU
    # Zero is a gradient; for a missing one a distributed run would wait.
    beta = norm.bias if last_bias is None else norm.bias + 0 * last_bias
    return function.apply(x, norm.weight, beta, *weights, norm, conv)


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
            return F.conv2d(y, weight, bias, padding=conv.padding, groups=conv.groups)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, gamma, beta, weight, mean, deviation = ctx.saved_tensors
        scale, shift = as_scale(gamma, beta, mean, deviation)
        tokens = torch.addcmul(shift, x.permute(0, 2, 3, 1), scale).to(x.dtype)
        grad_weight = grad_bias = None
        owned = weight is not None
        if weight is not None:
            conv = ctx.conv
            active = F.gelu(tokens).permute(0, 3, 1, 2).to(ctx.computed)
            grad, grad_weight, grad_bias = torch.ops.aten.convolution_backward(
                grad.contiguous(memory_format=torch.channels_last),
                active,
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
            grad = grad.to(x.dtype)
            del active
        grad = grad.permute(0, 2, 3, 1)
        # The gradient is overwritten where it was made here.
        into = grad if owned else torch.empty_like(tokens)
        torch.ops.aten.gelu_backward.grad_input(grad, tokens, grad_input=into)
        del tokens, grad
        grads = norm_gradients(ctx, into.permute(0, 3, 1, 2), x, gamma, mean, deviation)
        return *grads, grad_weight, grad_bias, None, None
