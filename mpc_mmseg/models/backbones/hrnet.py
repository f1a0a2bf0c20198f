"""HRNet with stochastic depth."""

from collections.abc import Sequence

import torch
from mmcv.cnn.bricks import DropPath
from mmseg.models.backbones.hrnet import HRModule, HRNet
from mmseg.models.backbones.resnet import BasicBlock, Bottleneck
from mmseg.registry import MODELS
from torch import Tensor, nn

from .recomputed import recomputed


def set_drop_path(modules: Sequence[HRModule], drop_path_rate: float) -> None:
    """Give every block of the modules a DropPath as its ``drop_path``.

    The rate rises linearly over the blocks from 0 to ``drop_path_rate``, the branches
    of a module sharing their rates (Huang et al., ECCV 2016, as HRFormer uses it).

    Args:
        modules: In the order in which they run.
        drop_path_rate: The last blocks' rate.

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


class StochasticBasicBlock(BasicBlock):
    """mmseg's BasicBlock whose residual branch may be dropped per image."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.drop_path: nn.Module = nn.Identity()

    def _residual(self, x: Tensor) -> Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.norm1(self.conv1(x)))
        return self.drop_path(self.norm2(self.conv2(out))) + identity

    def forward(self, x: Tensor) -> Tensor:
        return _run(self, x)


class StochasticBottleneck(Bottleneck):
    """mmseg's Bottleneck whose residual branch may be dropped per image."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.drop_path: nn.Module = nn.Identity()

    def _residual(self, x: Tensor) -> Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.norm1(self.conv1(x)))
        out = self.relu(self.norm2(self.conv2(out)))
        return self.drop_path(self.norm3(self.conv3(out))) + identity

    def forward(self, x: Tensor) -> Tensor:
        return _run(self, x)


def _run(block: 'StochasticBasicBlock | StochasticBottleneck', x: Tensor) -> Tensor:
    if block.with_cp and x.requires_grad:
        return block.relu(recomputed(block, block._residual, x))
    return block.relu(block._residual(x))


@MODELS.register_module()
class MPCHRNet(HRNet):
    """mmseg's HRNet (Wang et al., TPAMI 2020) plus stochastic depth.

    Two passes of an image through it differ in training mode, which is what the
    cross-modality view of MPC contrasts. The rate rises linearly over the blocks
    of stages 2 to 4 from 0 to ``drop_path_rate``, the branches of a module sharing
    their rates. With a rate of 0 it computes exactly what mmseg's HRNet does, and
    it has the same parameter names at any rate.

    Args:
        drop_path_rate: Probability with which the last blocks drop their residual
            branch, in [0, 1).
        **kwargs: Arguments of mmseg's ``HRNet``, among them ``extra``.

    Raises:
        ValueError: If ``drop_path_rate`` is out of range.
    """

    blocks_dict = {'BASIC': StochasticBasicBlock, 'BOTTLENECK': StochasticBottleneck}

    def __init__(self, *args, drop_path_rate: float = 0.0, **kwargs) -> None:
        if not 0 <= drop_path_rate < 1:
            raise ValueError(f'drop_path_rate must be in [0, 1), got {drop_path_rate}')
        super().__init__(*args, **kwargs)
        self.drop_path_rate = drop_path_rate
        if drop_path_rate > 0:
            stages = (self.stage2, self.stage3, self.stage4)
            set_drop_path([m for stage in stages for m in stage], drop_path_rate)
