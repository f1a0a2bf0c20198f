"""BatchNorm, GELU and a 1x1 convolution, block of tokens by block of tokens."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from mpc_mmseg.models.pointwise import product, weight_gradient

#: Numbers of a block of tokens, 32 MiB. Smaller ones cost time, for products of fewer
#: rows; larger ones memory, for two blocks are alive at once.
_BLOCK = 2**23


class NormGELUProduct(torch.autograd.Function):
    """conv(gelu(norm(x))) of `norm_gelu`, on a CPU, block of tokens by block."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        gamma: Tensor,
        beta: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        norm: nn.BatchNorm2d,
        conv: nn.Conv2d,
    ) -> Tensor:
        assert norm.momentum is not None
        mean, variance = torch.batch_norm_update_stats(
            x, norm.running_mean, norm.running_var, norm.momentum
        )
        deviation = (variance + norm.eps).rsqrt()
        ctx.save_for_backward(x, gamma, beta, weight, mean, deviation)
        ctx.eps = norm.eps
        scale, shift = as_scale(gamma, beta, mean, deviation)
        tokens = _tokens(x)
        made: list[Tensor] = []
        for part, space in _blocks(tokens):
            torch.addcmul(shift, tokens[part], scale, out=space)
            torch.ops.aten.gelu_(space)
            made.append(product(space, weight.flatten(1), bias))
        # One block, as it mostly is, needs no copy.
        return _as_map(made[0] if len(made) == 1 else torch.cat(made), x)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, gamma, beta, weight, mean, deviation = ctx.saved_tensors
        scale, shift = as_scale(gamma, beta, mean, deviation)
        tokens = _tokens(x)
        grads = _tokens(grad.contiguous(memory_format=torch.channels_last))
        back = weight.flatten(1).t().contiguous()
        into = torch.empty_like(tokens)
        grad_weight = torch.zeros_like(back)
        active = None
        for part, space in _blocks(tokens):
            torch.addcmul(shift, tokens[part], scale, out=space)
            active = torch.empty_like(space) if active is None else active[: len(space)]
            torch.ops.aten.gelu.out(space, out=active)
            grad_weight += weight_gradient(grads[part], active)
            torch.ops.aten.gelu_backward.grad_input(
                product(grads[part], back, None), space, grad_input=into[part]
            )
        return (
            *norm_gradients(ctx, _as_map(into, x), x, gamma, mean, deviation),
            grad_weight.t()[..., None, None].contiguous(),
            grads.sum(0) if ctx.needs_input_grad[4] else None,
            None,
            None,
        )


def as_scale(
    gamma: Tensor, beta: Tensor, mean: Tensor, deviation: Tensor
) -> tuple[Tensor, Tensor]:
    """BatchNorm of x as shift + x * scale; the deviation is one over sigma."""
    scale = deviation * gamma
    return scale, beta - mean * scale


def norm_gradients(
    ctx: Any, grad: Tensor, x: Tensor, gamma: Tensor, mean: Tensor, deviation: Tensor
) -> tuple[Tensor, ...]:
    """Gradients of x, gamma and beta, as far as the function needs them."""
    return torch.ops.aten.native_batch_norm_backward(
        grad,
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


def _tokens(x: Tensor) -> Tensor:
    """Channels-last maps (B, C, H, W) as tokens (B H W, C), a view."""
    return x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])


def _as_map(tokens: Tensor, like: Tensor) -> Tensor:
    """Maps (B, D, H, W) of tokens (B H W, D)."""
    batch, _, height, width = like.shape
    return tokens.view(batch, height, width, -1).permute(0, 3, 1, 2)


def _blocks(tokens: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Slices of tokens (L, C), and space for each, which is the same again."""
    length, channels = tokens.shape
    rows = min(length, max(1, _BLOCK // channels))
    space = tokens.new_empty(rows, channels)
    for start in range(0, length, rows):
        part = slice(start, min(start + rows, length))
        yield part, space[: part.stop - start]
