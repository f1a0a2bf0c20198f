"""A projector between the maps and the contrast, dropped after training."""

from collections.abc import Sequence

from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class NonlinearProjector(BaseModule):
    """1x1 convolution, BatchNorm, ReLU, 1x1 convolution, shared by all scales.

    The head uses the maps before it, which keep information that the contrast removes
    (SimCLR, Chen et al., ICML 2020; supervised: Khosla et al., NeurIPS 2020). No ReLU
    at the end: unit vectors may have any direction.

    Args:
        in_channels: Channels C of the maps.
        hidden_channels: Channels between; by default C.
        out_channels: Channels D that the contrast sees.
        norm_cfg: Config of the normalisation.
        init_cfg: Config of the initialisation.
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int | None = None,
        out_channels: int = 128,
        norm_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        hidden, norm_cfg = hidden_channels or in_channels, norm_cfg or dict(type='BN')
        self.layers = nn.Sequential(
            ConvModule(in_channels, hidden, 1, bias=False, norm_cfg=norm_cfg),
            nn.Conv2d(hidden, out_channels, 1),
        )

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Maps (B, D, H_i, W_i) of maps (B, C, H_i, W_i)."""
        return [self.layers(m) for m in maps]
