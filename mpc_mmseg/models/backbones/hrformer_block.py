"""A transformer block on a map: attention in windows, then convolutions."""

from mmcv.cnn import build_norm_layer
from torch import Tensor, nn

from mpc_mmseg.models.dense_conv import PointwiseConv

from .norm_gelu import bias_before, norm_gelu
from .recomputed import recomputed
from .stochastic_depth import add_dropped
from .window_attention import WindowAttention


class ConvFFN(nn.Module):
    """1x1, depth-wise 3x3 and 1x1 convolution, each with BatchNorm and GELU.

    The depth-wise one carries information across the borders of windows (HRFormer,
    NeurIPS 2021, figure 2).

    Args:
        channels: Channels C of the map.
        hidden_channels: Channels between the 1x1 convolutions.
        norm_cfg: Config of the normalisation.
    """

    def __init__(self, channels: int, hidden_channels: int, norm_cfg: dict) -> None:
        super().__init__()
        # A normalisation follows its convolution here, as folding them expects.
        self.expand = PointwiseConv(channels, hidden_channels)
        self.norm1 = build_norm_layer(norm_cfg, hidden_channels)[1]
        self.depthwise = nn.Conv2d(
            hidden_channels, hidden_channels, 3, padding=1, groups=hidden_channels
        )
        self.norm2 = build_norm_layer(norm_cfg, hidden_channels)[1]
        self.reduce = PointwiseConv(hidden_channels, channels)
        self.norm3 = build_norm_layer(norm_cfg, channels)[1]

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, C, H, W) of maps (B, C, H, W)."""
        norm1, norm2, norm3 = self.norm1, self.norm2, self.norm3
        x = self.expand.with_bias(x, bias_before(norm1, self.expand))
        x = norm_gelu(x, norm1, self.depthwise, norm2, self.expand.bias)
        x = norm_gelu(x, norm2, self.reduce, norm3, self.depthwise.bias)
        return norm_gelu(x, norm3, last_bias=self.reduce.bias)


class HRFormerBlock(nn.Module):
    """x + attention(LN(x)), then x + FFN(LN(x)) (HRFormer, NeurIPS 2021).

    Args:
        channels: Channels C of the map.
        num_heads: Number of heads, which divides C.
        window_size: Side of a window.
        mlp_ratio: Channels inside the FFN per channel of the map.
        norm_cfg: Config of the FFN's normalisation.
        with_cp: Recompute the block in the backward pass, which saves memory.

    Raises:
        ValueError: If an argument is out of range.
    """

    #: mmseg's HRNet asks every block for it.
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

    def _blocks(self, x: Tensor) -> Tensor:
        # In the channels-last layout both permutations are views.
        tokens = self.attn(self.norm1(x.permute(0, 2, 3, 1)))
        x = add_dropped(x, tokens.permute(0, 3, 1, 2), self.drop_path)
        tokens = self.norm2(x.permute(0, 2, 3, 1))
        return add_dropped(x, self.ffn(tokens.permute(0, 3, 1, 2)), self.drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, C, H, W) of maps (B, C, H, W)."""
        if self.with_cp and x.requires_grad:
            return recomputed(self, self._blocks, x)
        return self._blocks(x)
