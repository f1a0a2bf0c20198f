"""Attention in windows, one row of windows after another, on a CPU."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .window_rows import WindowRows


class BandedAttention(torch.autograd.Function):
    """softmax(scale q k^T + bias) v inside windows.

    What is made of a row of windows stays in the cache. For the backward pass the
    windows' queries, keys and values and the softmax are kept.
    """

    @staticmethod
    def forward(
        ctx: Any,
        qkv: Tensor,
        shift: Tensor,
        bias: Tensor,
        scale: float,
        size: int,
        channels: int,
    ) -> Tensor:
        """Attend.

        Args:
            ctx: Of autograd.
            qkv: (B, H, W, 3 h d), without the projection's bias.
            shift: That bias (3 h d), which is all that padding has.
            bias: (h, S * S, S * S), by position.
            scale: Of the products of queries and keys.
            size: Side of a window, S.
            channels: Of a head's d those that are handed on.

        Returns:
            (B, H, W, h channels).
        """
        heads, length, _ = bias.shape
        out = qkv.new_empty(*qkv.shape[:3], heads * channels)
        whole = WindowRows(qkv, size, (3, heads))
        found = WindowRows(out, size, (1, heads))
        depth = qkv.shape[-1] // (3 * heads)
        shape = (3, heads, whole.columns, length, depth)
        trained = any(ctx.needs_input_grad)
        kept = []
        windows = None
        for (band, place), (into, _) in zip(whole.bands(qkv), found.bands(out)):
            if windows is None or trained:
                windows = qkv.new_empty(shape)
            whole.take(band, place, windows, shift)
            q, k, v = windows.flatten(1, 2).unbind()
            logits = torch.bmm(q, k.mT).view(heads, -1, length, length)
            torch.add(bias[:, None], logits, alpha=scale, out=logits)
            weights = logits.softmax(-1).flatten(0, 1)
            found.put(
                torch.bmm(weights, v).view(shape[1:])[None, ..., :channels], into, place
            )
            if trained:
                kept += [windows, weights]
        ctx.save_for_backward(*kept)
        ctx.scale, ctx.size, ctx.shape = scale, size, qkv.shape
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        kept = ctx.saved_tensors
        _, heads, _, length, depth = kept[0].shape
        grad_qkv = grad.new_empty(ctx.shape)
        grad_shift = grad.new_zeros(3, heads, 1, depth)
        grad_bias = grad.new_zeros(heads, length, length)
        whole = WindowRows(grad_qkv, ctx.size, (3, heads))
        given = WindowRows(grad, ctx.size, (1, heads))
        # Channels that were not handed on stay without a gradient.
        grad_out = torch.zeros_like(kept[0][:1])
        grads = torch.empty_like(kept[0])
        grad_q, grad_k, grad_v = grads.flatten(1, 2).unbind()
        bands = zip(given.bands(grad), whole.bands(grad_qkv), kept[::2], kept[1::2])
        for (band, place), (into, _), windows, weights in bands:
            given.take(band, place, grad_out)
            go = grad_out[0].flatten(0, 1)
            q, k, v = windows.flatten(1, 2).unbind()
            torch.bmm(weights.mT, go, out=grad_v)
            logits = torch._softmax_backward_data(
                torch.bmm(go, v.mT), weights, -1, weights.dtype
            )
            grad_bias += logits.view(heads, -1, length, length).sum(1)
            logits *= ctx.scale
            torch.bmm(logits, k, out=grad_q)
            torch.bmm(logits.mT, q, out=grad_k)
            grad_shift += grads.flatten(2, 3).sum(2, keepdim=True)
            whole.put(grads, into, place)
        return grad_qkv, grad_shift.flatten(), grad_bias, None, None, None
