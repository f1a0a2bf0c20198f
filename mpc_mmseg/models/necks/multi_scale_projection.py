"""Projection of every scale to one embedding width."""

from collections.abc import Sequence

from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class MultiScaleProjection(BaseModule):
    """Per scale a 1x1 convolution, BatchNorm and ReLU (MPC, IEEE TIFS 2025).

    Args:
        in_channels: Channels C_i of each map.
        out_channels: Channels C of each embedding map.
        dropout: Probability of dropping an input channel of a pixel: makes two forward
            passes differ, as the cross-modality view needs, for a backbone without
            stochastic parts.
        norm_cfg: Config of the normalisation.
        init_cfg: Config of the initialisation.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int = 256,
        dropout: float = 0.0,
        norm_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if not 0 <= dropout < 1:
            raise ValueError(f'dropout must be in [0, 1), got {dropout}')
        if not in_channels or min(in_channels) < 1:
            raise ValueError(f'in_channels must name each map, got {in_channels}')
        norm_cfg = norm_cfg or dict(type='BN', eps=1e-3, momentum=0.03)
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.projections = nn.ModuleList(
            ConvModule(c, out_channels, 1, bias=False, norm_cfg=norm_cfg)
            for c in in_channels
        )

    def forward(
        self, maps: Sequence[Tensor], finest_only: bool = False
    ) -> list[Tensor]:
        """Maps (B, C, H_i, W_i), not normalised, of maps (B, C_i, H_i, W_i).

        Finest first; with ``finest_only`` that one alone.

        Raises:
            ValueError: If the number of maps is not that of ``in_channels``.
        """
        if len(maps) != len(self.projections):
            raise ValueError(
                f'the backbone gives {len(maps)} maps and in_channels names '
                f'{len(self.projections)}'
            )
        used = maps[:1] if finest_only else maps
        return [project(self.dropout(x)) for project, x in zip(self.projections, used)]
