"""HRNet with stochastic depth."""

from collections.abc import Sequence
from typing import Any

import torch
from mmcv.cnn.bricks import DropPath
from mmseg.models.backbones.hrnet import HRModule, HRNet
from mmseg.models.backbones.resnet import BasicBlock, Bottleneck
from mmseg.registry import MODELS
from torch import Tensor, nn

from .recomputed import recomputed


def set_drop_path(modules: Sequence[HRModule], drop_path_rate: float) -> None:
    """Set ``drop_path`` of every block of the modules, in the order in which they run.

    The rate rises linearly over the blocks from 0 to ``drop_path_rate``, equal in all
    branches of a module (Huang et al., ECCV 2016, as in HRFormer).

    Raises:
        ValueError: If ``drop_path_rate`` is out of [0, 1).
    """
    if not 0 <= drop_path_rate < 1:
        raise ValueError(f'drop_path_rate must be in [0, 1), got {drop_path_rate}')
    depths = [max(len(branch) for branch in m.branches) for m in modules]
    rates = torch.linspace(0, drop_path_rate, sum(depths)).tolist()
    for module, depth in zip(modules, depths):
        for branch in module.branches:
            for block, rate in zip(branch, rates):
                block.drop_path = DropPath(rate)
        rates = rates[depth:]


class _StochasticDepth(nn.Module):
    """A residual block of mmseg whose ``_branch`` may be dropped per image."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.drop_path: nn.Module = nn.Identity()

    def _residual(self: Any, x: Tensor) -> Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        return self.drop_path(self._branch(x)) + identity

    def forward(self: Any, x: Tensor) -> Tensor:
        return self.relu(recomputed(self, self._residual, x))


class StochasticBasicBlock(_StochasticDepth, BasicBlock):
    """mmseg's BasicBlock with stochastic depth."""

    def _branch(self: Any, x: Tensor) -> Tensor:
        x = self.relu(self.norm1(self.conv1(x)))
        return self.norm2(self.conv2(x))


class StochasticBottleneck(_StochasticDepth, Bottleneck):
    """mmseg's Bottleneck with stochastic depth."""

    def _branch(self: Any, x: Tensor) -> Tensor:
        x = self.relu(self.norm1(self.conv1(x)))
        x = self.relu(self.norm2(self.conv2(x)))
        return self.norm3(self.conv3(x))


@MODELS.register_module()
class MPCHRNet(HRNet):
    """mmseg's HRNet (Wang et al., TPAMI 2020) plus stochastic depth.

    Two forward passes of an image differ in training mode; MPC's cross-modality view
    contrasts them. With a rate of 0 it equals mmseg's HRNet; its parameter names are
    those of mmseg at any rate.

    Args:
        drop_path_rate: Probability with which the last blocks drop their residual
            branch, in [0, 1): see `set_drop_path`.
        **kwargs: Arguments of mmseg's ``HRNet``, among them ``extra``.
    """

    blocks_dict = {'BASIC': StochasticBasicBlock, 'BOTTLENECK': StochasticBottleneck}

    def __init__(self, *args, drop_path_rate: float = 0.0, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.drop_path_rate = drop_path_rate
        if drop_path_rate != 0:
            stages = (self.stage2, self.stage3, self.stage4)
            set_drop_path([m for stage in stages for m in stage], drop_path_rate)
