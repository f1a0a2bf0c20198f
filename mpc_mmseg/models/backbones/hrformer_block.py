"""HRFormer's transformer block: attention in windows of a map, then convolutions."""

import torch
import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from torch import Tensor, nn

from .recomputed import recomputed


def relative_position_index(size: int) -> Tensor:
    """Row of the bias table for each pair of a window's tokens (Swin, ICCV 2021).

    (S * S, S * S) of a window of side S, queries by keys: the vertical offset plus
    S - 1, times 2S - 1, plus the horizontal offset plus S - 1.
    """
    row, column = torch.meshgrid(torch.arange(size), torch.arange(size), indexing='ij')
    position = torch.stack([row.flatten(), column.flatten()])
    down, right = position[:, :, None] - position[:, None, :] + size - 1
    return down * (2 * size - 1) + right


def partition(x: Tensor, size: int) -> Tensor:
    """M x N windows (B, M, N, S, S, C) of a map (B, H, W, C), S the side of a window.

    The map is zero-padded to full windows, half on each side.
    """
    height, width = x.shape[1:3]
    down, right = -height % size, -width % size
    # An exported graph must work for every size, not only for that of tracing.
    if down or right or torch.onnx.is_in_onnx_export():
        x = F.pad(
            x, (0, 0, right // 2, right - right // 2, down // 2, down - down // 2)
        )
    b, h, w, c = x.shape
    return x.view(b, h // size, size, w // size, size, c).transpose(2, 3)


def merge(windows: Tensor, height: int, width: int) -> Tensor:
    """The map (B, H, W, C), without padding, of windows (B, M, N, S, S, C)."""
    b, m, n, size, _, c = windows.shape
    x = windows.transpose(2, 3).reshape(b, m * size, n * size, c)
    top, left = (m * size - height) // 2, (n * size - width) // 2
    return x[:, top : top + height, left : left + width]


class WindowAttention(nn.Module):
    """Multi-head self-attention inside windows that do not overlap (HRFormer).

    A learned bias by relative position is added to the logits. Padding tokens are not
    masked. torch's fused kernels have no second derivatives: compute those under
    ``torch.nn.attention.sdpa_kernel(SDPBackend.MATH)``. Arguments and errors are those
    of `HRFormerBlock`.
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
        windows = partition(x, self.window_size)
        tokens = windows.flatten(0, 2).flatten(1, 2)
        qkv = self.qkv(tokens).unflatten(-1, (3, self.num_heads, -1))
        depth = qkv.shape[-1]
        # The fused kernels of a GPU need heads of a multiple of 8 channels. Channels of
        # zeros change no product; the scale is that of the actual number.
        if depth % 8:
            qkv = F.pad(qkv, (0, -depth % 8))
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        bias = self.relative_position_bias_table[self.relative_position_index]
        # A mask whose last dimension is strided takes no fused kernel.
        mask = bias.permute(2, 0, 1).to(q.dtype).contiguous()
        out = F.scaled_dot_product_attention(
            q, k, v, attn_mask=mask[None], scale=depth**-0.5
        )
        out = out[..., :depth].transpose(1, 2).reshape(windows.shape)
        return self.proj(merge(out, *x.shape[1:3]))


class ConvFFN(nn.Module):
    """1x1, depth-wise 3x3 and 1x1 convolution, each with BatchNorm and GELU.

    The depth-wise one exchanges information between windows (HRFormer, NeurIPS 2021,
    figure 2).
    """

    def __init__(self, channels: int, hidden_channels: int, norm_cfg: dict) -> None:
        super().__init__()
        # Each normalisation follows its convolution, as folding them expects.
        self.expand = nn.Conv2d(channels, hidden_channels, 1)
        self.norm1 = build_norm_layer(norm_cfg, hidden_channels)[1]
        self.depthwise = nn.Conv2d(
            hidden_channels, hidden_channels, 3, padding=1, groups=hidden_channels
        )
        self.norm2 = build_norm_layer(norm_cfg, hidden_channels)[1]
        self.reduce = nn.Conv2d(hidden_channels, channels, 1)
        self.norm3 = build_norm_layer(norm_cfg, channels)[1]

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, C, H, W) of maps (B, C, H, W)."""
        x = F.gelu(self.norm1(self.expand(x)))
        x = F.gelu(self.norm2(self.depthwise(x)))
        return F.gelu(self.norm3(self.reduce(x)))


class HRFormerBlock(nn.Module):
    """x + attention(LN(x)), then x + FFN(LN(x)) (HRFormer, NeurIPS 2021).

    Args:
        channels: Channels C of the map.
        num_heads: Number of heads, which divides C.
        window_size: Side of a window, S.
        mlp_ratio: Hidden channels of the FFN per channel of the map.
        norm_cfg: Config of the FFN's normalisation.
        with_cp: Recompute the block in the backward pass, which saves memory.
    """

    #: mmseg's HRNet reads it.
    expansion = 1

    def __init__(
        self,
        channels: int,
        num_heads: int,
        window_size: int,
        mlp_ratio: float,
        norm_cfg: dict,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        if mlp_ratio <= 0:
            raise ValueError(f'mlp_ratio must be positive, got {mlp_ratio}')
        self.with_cp = with_cp
        self.norm1 = nn.LayerNorm(channels, eps=1e-6)
        self.attn = WindowAttention(channels, num_heads, window_size)
        self.norm2 = nn.LayerNorm(channels, eps=1e-6)
        self.ffn = ConvFFN(channels, int(channels * mlp_ratio), norm_cfg)
        self.drop_path: nn.Module = nn.Identity()

    def _residuals(self, x: Tensor) -> Tensor:
        # In the channels-last layout every permutation is a view.
        tokens = self.attn(self.norm1(x.permute(0, 2, 3, 1)))
        x = x + self.drop_path(tokens.permute(0, 3, 1, 2))
        tokens = self.norm2(x.permute(0, 2, 3, 1))
        return x + self.drop_path(self.ffn(tokens.permute(0, 3, 1, 2)))

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, C, H, W) of maps (B, C, H, W)."""
        return recomputed(self, self._residuals, x)
