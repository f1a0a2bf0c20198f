"""A linear layer that is as fast with 78 channels as with 80."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_LANES = 8


def aligned_linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """``F.linear``, on a CPU with widths filled up by zeros to a multiple of 8.

    A CPU's matrix product takes up to twice as long when the width of its result is
    no multiple of the vector registers' (docs/benchmarks.md), and HRFormer-base has
    78 and 156 channels. The result's width counts in the forward pass, the input's
    in the backward pass.

    Args:
        x: (..., C).
        weight: (D, C).
        bias: (D,).

    Returns:
        (..., D).
    """
    d, c = weight.shape
    more_d = -d % _LANES
    more_c = -c % _LANES if x.requires_grad else 0
    if not x.is_cpu or not (more_d or more_c) or torch.onnx.is_in_onnx_export():
        return F.linear(x, weight, bias)
    weight = F.pad(weight, (0, more_c, 0, more_d))
    y = F.linear(F.pad(x, (0, more_c)), weight, F.pad(bias, (0, more_d)))
    return y[..., :d]


class PointwiseConv(nn.Conv2d):
    """A 1x1 convolution of channels-last maps, by `aligned_linear`.

    Args:
        in_channels: Channels C of the input.
        out_channels: Channels D of the output.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, D, H, W) of maps (B, C, H, W)."""
        assert self.bias is not None
        tokens = aligned_linear(
            x.permute(0, 2, 3, 1), self.weight.flatten(1), self.bias
        )
        return tokens.permute(0, 3, 1, 2)
