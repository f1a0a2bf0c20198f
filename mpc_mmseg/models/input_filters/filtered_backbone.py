"""A backbone behind fixed views of the photograph that show traces, not the scene."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class Colours(nn.Module):
    """The colours themselves, as one of the views."""

    out_channels = 3

    def forward(self, x: Tensor) -> Tensor:
        return x


@MODELS.register_module()
class FilteredBackbone(BaseModule):
    """Gives a backbone several views of the photograph in place of its colours.

    From random weights a network learns first what colours show best, the scene. A
    view that takes the scene away leaves it the traces.

    Args:
        filters: Configs of the views, each a module with ``out_channels`` that turns
            (B, 3, H, W) in 0..1 into (B, C, H, W); 'Colours' keeps the photograph.
        backbone: Config of the backbone; its ``in_channels`` follows from the views.
        input_mean: What the data preprocessor subtracts, in grey levels; undone here,
            for filters expect 0..1.
        input_std: What the data preprocessor divides by.
        init_cfg: Config of the initialisation.

    Raises:
        ValueError: If there is no view or ``input_std`` is not positive.
    """

    scale: Tensor
    shift: Tensor

    def __init__(
        self,
        filters: Sequence[dict],
        backbone: dict,
        input_mean: Sequence[float] = (0, 0, 0),
        input_std: Sequence[float] = (255, 255, 255),
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if not filters:
            raise ValueError('filters must name at least one view of the photograph')
        if not min(input_std) > 0:
            raise ValueError(f'input_std must be positive, got {input_std}')
        self.filters = nn.ModuleList(MODELS.build(each) for each in filters)
        channels = sum(each.out_channels for each in self.filters)
        self.backbone = MODELS.build({**backbone, 'in_channels': channels})
        for name, levels in (('scale', input_std), ('shift', input_mean)):
            values = torch.tensor(levels, dtype=torch.float32)[:, None, None] / 255
            self.register_buffer(name, values, persistent=False)

    def forward(self, x: Tensor) -> Sequence[Tensor]:
        """The backbone's maps of x (B, 3, H, W), RGB from the data preprocessor."""
        # Half precision would round grey levels, in which the traces are.
        # torch has no autocast of the meta device, on which complexity is counted.
        device = 'cpu' if x.is_meta else x.device.type
        with torch.autocast(device, enabled=False):
            x = x.float() * self.scale + self.shift
            views = torch.cat([view(x) for view in self.filters], dim=1)
        return self.backbone(views)
