"""What JPEG's blocks tell of an earlier compression, as an input for a network."""

import math

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmseg.registry import MODELS
from torch import Tensor, nn

BLOCK = 8
#: Lowest frequencies (vertical, horizontal) in JPEG's zigzag order, without the mean.
ZIGZAG = (
    (0, 1), (1, 0), (2, 0), (1, 1), (0, 2), (0, 3), (1, 2), (2, 1),
    (3, 0), (4, 0), (3, 1), (2, 2), (1, 3), (0, 4), (0, 5),
)  # fmt: skip
LUMA = (0.299, 0.587, 0.114)


def block_basis(frequencies: int) -> Tensor:
    """Orthonormal cosine patterns (K, 1, 8, 8) of the lowest K frequencies."""
    place = torch.arange(BLOCK, dtype=torch.float64)
    waves = torch.cos(math.pi / BLOCK * (place + 0.5) * place[:, None])
    waves = waves * math.sqrt(2 / BLOCK)
    waves[0] /= math.sqrt(2)
    patterns = [waves[v][:, None] * waves[h] for v, h in ZIGZAG[:frequencies]]
    return torch.stack(patterns)[:, None].float()


def soft_histogram(values: Tensor, bins: int) -> Tensor:
    """Each value's membership of the bins around 0, 1, ... bins - 1.

    Args:
        values: (B, K, h, w), not negative; larger ones count as bins - 1.
        bins: Number T of bins.

    Returns:
        (B, K * T, h, w), the bins of a channel beside one another. A value between two
        bins belongs to both, by its nearness.
    """
    centres = torch.arange(bins, device=values.device, dtype=values.dtype)
    distance = values.clamp(max=bins - 1)[:, :, None] - centres[:, None, None]
    return F.relu(1 - distance.abs()).flatten(1, 2)


@MODELS.register_module()
class BlockHistogram(nn.Module):
    """Histograms of block cosine coefficients, here and in the whole photograph.

    A photograph saved twice as JPEG has gaps and peaks in the histograms of its
    coefficients wherever its blocks lay alike in both. What was set in from another
    photograph, or at another place of the grid, lacks them (Lin et al., Pattern
    Recognition 2009; as input of a network: Kwon et al., IJCV 2022). Needs the
    photograph at native size with its corner on the grid: resized or cropped
    elsewhere, there is nothing to see.

    Args:
        out_channels: Channels of the learned summary.
        frequencies: How many of the lowest frequencies, at most 15.
        bins: Bins of the coefficients' absolute values, one grey level each.
        window: Blocks at a side of the surroundings of which a histogram is taken.
        block_pixels: Side of a block in the view. With 8 the view has the photograph's
            size and can stand beside others; with 4 a backbone whose finest map is a
            quarter of its input gives one vector a block.

    Raises:
        ValueError: If a number is out of range.
    """

    basis: Tensor

    def __init__(
        self,
        out_channels: int = 32,
        frequencies: int = 10,
        bins: int = 17,
        window: int = 5,
        block_pixels: int = 8,
    ) -> None:
        super().__init__()
        if not 1 <= frequencies <= len(ZIGZAG):
            raise ValueError(
                f'frequencies must be in 1..{len(ZIGZAG)}, got {frequencies}'
            )
        if bins < 2 or window < 1 or window % 2 == 0:
            raise ValueError(
                f'bins must be at least 2 and window odd, got {bins} and {window}'
            )
        if out_channels < 1 or block_pixels < 1:
            raise ValueError(
                'out_channels and block_pixels must be positive, got '
                f'{out_channels} and {block_pixels}'
            )
        self.out_channels = out_channels
        self.bins, self.window, self.block_pixels = bins, window, block_pixels
        basis = block_basis(frequencies) * 255 * torch.tensor(LUMA)[:, None, None]
        self.register_buffer('basis', basis, persistent=False)
        channels = 2 * frequencies * bins
        # Photographs differ more from one another than places within one do.
        self.standard = nn.BatchNorm2d(channels)
        self.summary = ConvModule(
            channels, out_channels, 1, bias=False, norm_cfg=dict(type='BN')
        )

    def histograms(self, x: Tensor) -> Tensor:
        """What is known of each block before anything is learned.

        Args:
            x: (B, 3, H, W), RGB in 0..1.

        Returns:
            (B, 2 * K * T, H // 8, W // 8): by how much the histograms of the
            surroundings differ from the photograph's, and the photograph's.
        """
        coefficients = F.conv2d(x, self.basis, stride=BLOCK)
        counts = soft_histogram(coefficients.abs(), self.bins)
        here = F.avg_pool2d(
            counts, self.window, 1, self.window // 2, count_include_pad=False
        )
        everywhere = counts.mean((2, 3), keepdim=True)
        return torch.cat([here - everywhere, everywhere.expand_as(here)], dim=1)

    def forward(self, x: Tensor) -> Tensor:
        """Summary (B, C, H, W) of x (B, 3, H, W) in 0..1, alike all over a block.

        With ``block_pixels`` it is (B, C, H * block_pixels // 8, W * ...).
        """
        known = self.histograms(x)
        size = [side * self.block_pixels // BLOCK for side in x.shape[-2:]]
        return F.interpolate(self.summary(self.standard(known)), size)
