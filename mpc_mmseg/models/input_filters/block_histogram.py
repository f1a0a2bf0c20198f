"""Traces of an earlier JPEG compression in an image's blocks, as input of a network."""

import math

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from .whole_photograph import PhotographFilter

BLOCK = 8
#: Lowest frequencies (vertical, horizontal) in JPEG's zigzag order, without the mean.
ZIGZAG = (
    (0, 1), (1, 0), (2, 0), (1, 1), (0, 2), (0, 3), (1, 2), (2, 1),
    (3, 0), (4, 0), (3, 1), (2, 2), (1, 3), (0, 4), (0, 5),
)  # fmt: skip
LUMA = (0.299, 0.587, 0.114)


def block_basis(frequencies: int) -> Tensor:
    """Orthonormal cosine patterns (K, 1, 8, 8) of the lowest K frequencies."""
    n = torch.arange(BLOCK, dtype=torch.float64)
    waves = torch.cos(math.pi / BLOCK * (n + 0.5) * n[:, None])
    waves = waves * math.sqrt(2 / BLOCK)
    waves[0] /= math.sqrt(2)
    patterns = [waves[v][:, None] * waves[h] for v, h in ZIGZAG[:frequencies]]
    return torch.stack(patterns)[:, None].float()


def soft_histogram(values: Tensor, bins: int) -> Tensor:
    """Each value's membership of the T bins around 0, 1, ... T - 1: (B, K * T, h, w).

    A value between two bins belongs to both, weighted by its distance. Values
    (B, K, h, w) are not negative; larger ones count as T - 1.
    """
    centres = torch.arange(bins, device=values.device, dtype=values.dtype)
    distance = values.clamp(max=bins - 1)[:, :, None] - centres[:, None, None]
    return F.relu(1 - distance.abs()).flatten(1, 2)


@MODELS.register_module()
class BlockHistogram(PhotographFilter):
    """Local and global histograms of block cosine coefficients.

    A photograph saved twice as JPEG on the same grid has gaps and peaks in the
    histograms of its coefficients. Regions from another photograph, or from another
    position on the grid, lack them (Lin et al., Pattern Recognition 2009; as input of a
    network: Kwon et al., IJCV 2022). Needs the photograph at native size with its
    corner on the grid: resizing, or cropping off the grid, removes the traces. Padding
    and incomplete blocks do not count.

    Args:
        out_channels: Channels of the learned summary.
        frequencies: Number of the lowest frequencies, at most 15.
        bins: Bins of the coefficients' absolute values, one grey level each.
        window: Side of the window of a local histogram, in blocks.
        block_pixels: Side of a block in the output. With 8 the output has the input's
            size, as other filters'; with 4 a backbone whose finest map is a quarter of
            its input gives one vector per block.
    """

    grid = BLOCK
    native_size = True
    #: Mirroring keeps the coefficients' absolute values; a turn exchanges frequencies.
    tta = ('flip',)
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
        for name, value, fits, range_ in (
            ('frequencies', frequencies, 1 <= frequencies <= 15, 'in 1..15'),
            ('bins', bins, bins > 1, 'at least 2'),
            ('window', window, window > 0 and window % 2 == 1, 'odd'),
            ('out_channels', out_channels, out_channels > 0, 'positive'),
            ('block_pixels', block_pixels, block_pixels > 0, 'positive'),
        ):
            if not fits:
                raise ValueError(f'{name} must be {range_}, got {value}')
        self.out_channels = out_channels
        self.bins, self.window, self.block_pixels = bins, window, block_pixels
        basis = block_basis(frequencies) * 255 * torch.tensor(LUMA)[:, None, None]
        self.register_buffer('basis', basis, persistent=False)
        channels = 2 * frequencies * bins
        # Photographs differ more from one another than positions within one.
        self.standard = nn.BatchNorm2d(channels)
        self.summary = ConvModule(
            channels, out_channels, 1, bias=False, norm_cfg=dict(type='BN')
        )

    def _counts(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Memberships (B, K * T, h, w) of the blocks, 0 where one is not complete.

        Also 1 where a block is complete, (B, 1, h, w), else 0.
        """
        height, width = x.shape[-2:]
        sizes = self.sizes
        if height % BLOCK or width % BLOCK:
            x = F.pad(x, (0, -width % BLOCK, 0, -height % BLOCK))
            if sizes is None:
                sizes = torch.tensor([[height, width]])
        coefficients = F.conv2d(x, self.basis, stride=BLOCK)
        counts = soft_histogram(coefficients.abs(), self.bins)
        complete = torch.ones_like(counts[:, :1])
        if sizes is not None:
            rows, columns = (
                torch.arange(n, device=x.device) < (sizes[:, i, None].to(x) // BLOCK)
                for i, n in enumerate(counts.shape[-2:])
            )
            complete = complete * (rows[:, None, :, None] & columns[:, None, None])
        return counts * complete, complete

    def measure(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Shares (B, K * T) of the complete blocks of x (B, 3, H, W), their number."""
        return _mean(*self._counts(x))

    def histograms(self, x: Tensor) -> Tensor:
        """Fixed features (B, 2 * K * T, h, w) of x (B, 3, H, W) in 0..1.

        The difference of local histograms from the photograph's, and the photograph's;
        h and w are numbers of blocks, incomplete ones included.
        """
        counts, complete = self._counts(x)
        total, _ = _mean(counts, complete)
        if self.statistics is not None:
            # A NaN stands for unknown statistics in an exported graph.
            known = self.statistics.to(total)
            total = torch.where(known.isnan(), total, known)
        total = total[..., None, None]
        local, share = (
            F.avg_pool2d(each, self.window, 1, self.window // 2)
            for each in (counts, complete)
        )
        local = torch.where(share > 0, local / share.clamp_min(1e-6), total)
        return torch.cat([local - total, total.expand_as(local)], dim=1)

    def forward(self, x: Tensor) -> Tensor:
        """Summary (B, C, H, W) of x (B, 3, H, W) in 0..1, constant within a block.

        With ``block_pixels`` it is (B, C, H * block_pixels / 8, W * ...), rounded up.
        """
        summary = self.summary(self.standard(self.histograms(x)))
        enlarged = F.interpolate(summary, scale_factor=float(self.block_pixels))
        if x.shape[-2] % BLOCK or x.shape[-1] % BLOCK:
            height, width = (-(-n * self.block_pixels // BLOCK) for n in x.shape[-2:])
            enlarged = enlarged[..., :height, :width]
        return enlarged


def _mean(counts: Tensor, complete: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (B, C) over the complete blocks, and their number (B, 1)."""
    number = complete.sum((2, 3))
    return counts.sum((2, 3)) / number.clamp_min(1), number
