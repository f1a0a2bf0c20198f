"""A backbone with input filters, which show traces of forgery instead of the scene."""

from collections.abc import Sequence
from math import lcm

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from mpc_mmseg.models.input_needs import map_strides

from .whole_photograph import photograph_filters


@MODELS.register_module(['RGBInput', 'Colours'])  # the second in older configs
class RGBInput(nn.Module):
    """The unfiltered image, beside other filters."""

    out_channels = 3

    def forward(self, x: Tensor) -> Tensor:
        return x


@MODELS.register_module()
class FilteredBackbone(BaseModule):
    """A backbone on the concatenated outputs of input filters instead of RGB.

    Args:
        filters: Configs of the filters, modules with ``out_channels`` that map
            (B, 3, H, W) in 0..1 to (B, C, H, W); 'RGBInput' changes nothing.
        backbone: Config of the backbone; its ``in_channels`` is set here.
        input_mean: The data preprocessor's mean in grey levels, undone for the filters.
        input_std: The data preprocessor's standard deviation, undone likewise.
        init_cfg: Config of the initialisation.
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
            raise ValueError('filters must name at least one input filter')
        if not min(input_std) > 0:
            raise ValueError(f'input_std must be positive, got {input_std}')
        self.filters = nn.ModuleList(MODELS.build(each) for each in filters)
        channels = sum(each.out_channels for each in self.filters)
        self.backbone = MODELS.build({**backbone, 'in_channels': channels})
        for name, levels in (('scale', input_std), ('shift', input_mean)):
            values = torch.tensor(levels, dtype=torch.float32)[:, None, None] / 255
            self.register_buffer(name, values, persistent=False)
        # A filter may shrink the image, so strides are those of both.
        self.multiple = lcm(*map_strides(self))

    def forward(self, x: Tensor) -> Sequence[Tensor]:
        """The backbone's maps of x (B, 3, H, W), RGB from the data preprocessor."""
        with self._single_precision(x):
            x = self._photograph(x)
            filtered = torch.cat([each(x) for each in self.filters], dim=1)
        return self.backbone(filtered)

    def measure_all(self, x: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Statistics and weights of each `PhotographFilter`; x as in `forward`."""
        with self._single_precision(x):
            x = self._photograph(x)
            return [each.measure(x) for each in photograph_filters(self.filters)]

    def _photograph(self, x: Tensor) -> Tensor:
        """Intensities in 0..1."""
        return x.float() * self.scale + self.shift

    @staticmethod
    def _single_precision(x: Tensor) -> torch.autocast:
        # Half precision would round the grey levels that hold the traces. torch has no
        # autocast on the meta device, where complexity is counted.
        return torch.autocast('cpu' if x.is_meta else x.device.type, enabled=False)
