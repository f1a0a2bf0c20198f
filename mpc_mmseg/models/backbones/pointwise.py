"""A linear layer of tokens by the convolution kernel, which takes any width well."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: torch hands a 1x1 convolution of at least so many images to oneDNN, threads or not.
_MIN_BATCH = 16


def as_images(tokens: Tensor) -> Tensor | None:
    """Tokens as a channels-last batch that a 1x1 convolution is fast on.

    Args:
        tokens: (..., L, C), contiguous.

    Returns:
        (N, C, 1, L), a view, or None if it would be a small batch.
    """
    *more, length, channels = tokens.shape
    images = tokens.reshape(-1, 1, length, channels).permute(0, 3, 1, 2)
    return images if more and len(images) >= _MIN_BATCH else None


def pointwise(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """``F.linear``, on a CPU as a 1x1 convolution.

    The matrix product that ``F.linear`` takes there needs up to twice as long with 78
    channels as with 80, and HRFormer-base has 78 and 156; oneDNN's convolution does
    not, and adds the bias as it goes (docs/benchmarks.md).

    Args:
        x: (..., L, C).
        weight: (D, C).
        bias: (D,).

    Returns:
        (..., L, D).
    """
    # An exported graph is for every size, which the choice here depends on.
    images = None
    if x.is_cpu and not torch.onnx.is_in_onnx_export():
        images = as_images(x)
    if images is None:
        return F.linear(x, weight, bias)
    y = F.conv2d(images, weight[:, :, None, None], bias)
    return y.permute(0, 2, 3, 1).reshape(*x.shape[:-1], len(weight))


class PointwiseConv(nn.Conv2d):
    """A 1x1 convolution of channels-last maps, by `pointwise`.

    Args:
        in_channels: Channels C of the input.
        out_channels: Channels D of the output.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, D, H, W) of maps (B, C, H, W)."""
        assert self.bias is not None
        tokens = pointwise(x.permute(0, 2, 3, 1), self.weight.flatten(1), self.bias)
        return tokens.permute(0, 3, 1, 2)
