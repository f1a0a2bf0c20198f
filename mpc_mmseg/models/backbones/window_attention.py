"""Self-attention inside windows of a map."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mpc_mmseg.models.pointwise import is_fast, pointwise

from .banded_attention import BandedAttention


def relative_position_index(size: int) -> Tensor:
    """Row of the bias table for each pair of a window's tokens (Swin, ICCV 2021).

    Args:
        size: Side of the window, S.

    Returns:
        (S * S, S * S) of rows in 0..(2S - 1)^2 - 1, queries by keys: the vertical
        offset plus S - 1, times 2S - 1, plus the horizontal offset plus S - 1.
    """
    row, column = torch.meshgrid(torch.arange(size), torch.arange(size), indexing='ij')
    place = torch.stack([row.flatten(), column.flatten()])
    down, right = place[:, :, None] - place[:, None, :] + size - 1
    return down * (2 * size - 1) + right


def partition(x: Tensor, size: int) -> Tensor:
    """Windows of a map, zero-padded to whole ones, half before and half after.

    Args:
        x: (B, H, W, C).
        size: Side of a window, S.

    Returns:
        (B, M, N, S, S, C): M x N windows of S x S tokens.
    """
    height, width = x.shape[1:3]
    down, right = -height % size, -width % size
    # An exported graph is for every size, whatever the one that it is traced with.
    if down or right or torch.onnx.is_in_onnx_export():
        x = F.pad(
            x, (0, 0, right // 2, right - right // 2, down // 2, down - down // 2)
        )
    b, h, w, c = x.shape
    return x.view(b, h // size, size, w // size, size, c).transpose(2, 3)


def merge(windows: Tensor, height: int, width: int) -> Tensor:
    """The map that `partition` took apart.

    Args:
        windows: (B, M, N, S, S, C).
        height: H before padding.
        width: W before padding.

    Returns:
        (B, H, W, C).
    """
    b, m, n, size, _, c = windows.shape
    x = windows.transpose(2, 3).reshape(b, m * size, n * size, c)
    top, left = (m * size - height) // 2, (n * size - width) // 2
    return x[:, top : top + height, left : left + width]


class WindowAttention(nn.Module):
    """Multi-head self-attention inside windows that do not overlap (HRFormer).

    A learned bias by relative position is added to the logits. Tokens that pad the
    map to whole windows take part, unmasked.

    Args:
        channels: Channels C of the map.
        num_heads: Number of heads, which divides C.
        window_size: Side of a window, S.

    Raises:
        ValueError: If ``window_size`` is below 1 or the heads do not divide C.
    """

    def __init__(self, channels: int, num_heads: int, window_size: int) -> None:
        super().__init__()
        if num_heads < 1 or channels % num_heads:
            raise ValueError(f'num_heads must divide {channels}, got {num_heads}')
        if window_size < 1:
            raise ValueError(f'window_size must be positive, got {window_size}')
        self.num_heads = num_heads
        self.window_size = window_size
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)
        self.relative_position_bias_table = nn.Parameter(
            torch.empty((2 * window_size - 1) ** 2, num_heads)
        )
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)
        self.relative_position_index: Tensor
        self.register_buffer(
            'relative_position_index',
            relative_position_index(window_size),
            persistent=False,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Attend; x and the result are (B, H, W, C)."""
        table = self.relative_position_bias_table
        bias = table[self.relative_position_index].permute(2, 0, 1)
        scale = (x.shape[-1] // self.num_heads) ** -0.5
        fast = is_fast(x, self.qkv.weight, self.qkv.bias, table)
        out = (self._by_rows if fast else self._at_once)(x, bias, scale)
        return pointwise(out, self.proj.weight, self.proj.bias)

    def _by_rows(self, x: Tensor, bias: Tensor, scale: float) -> Tensor:
        heads, channels = 3 * self.num_heads, x.shape[-1] // self.num_heads
        # Heads of 39 channels as ones of 40, the last being zero, change no product
        # and are faster (docs/benchmarks.md).
        more = -channels % 8
        weight = F.pad(self.qkv.weight.unflatten(0, (heads, -1)), (0, 0, 0, more))
        shift = F.pad(self.qkv.bias.unflatten(0, (heads, -1)), (0, more)).flatten()
        # Padding has no product to compute: it is the projection's bias.
        qkv = pointwise(x, weight.flatten(0, 1), None)
        return BandedAttention.apply(
            qkv, shift, bias, scale, self.window_size, channels
        )

    def _at_once(self, x: Tensor, bias: Tensor, scale: float) -> Tensor:
        height, width, channels = x.shape[1:]
        windows = partition(x, self.window_size)
        tokens = windows.reshape(-1, self.window_size**2, channels)
        qkv = pointwise(tokens, self.qkv.weight, self.qkv.bias)
        qkv = qkv.unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind()
        out = attend(q, k, v, bias.to(qkv.dtype), scale)
        return merge(out.transpose(1, 2).reshape(windows.shape), height, width)


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor, scale: float) -> Tensor:
    """softmax(scale q k^T + bias) v.

    Args:
        q: (N, h, L, d), like k and v.
        k: Keys.
        v: Values.
        bias: (h, L, L).
        scale: Of the products.

    Returns:
        (N, h, L, d).
    """
    if not (q.is_cpu and bias.requires_grad):
        return F.scaled_dot_product_attention(
            q, k, v, attn_mask=bias[None], scale=scale
        )
    # On a CPU torch has no fused kernel with a gradient for the mask; what it does
    # instead takes longer than this.
    shape = q.shape
    q, k, v = (x.flatten(0, 1) for x in (q, k, v))
    logits = torch.bmm(q * scale, k.transpose(1, 2)).view(*shape[:3], -1) + bias
    return torch.bmm(logits.softmax(-1).flatten(0, 1), v).view(shape)
