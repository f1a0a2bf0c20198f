"""Stochastic depth in a network of parallel branches."""

from collections.abc import Sequence

import torch
from mmcv.cnn.bricks import DropPath
from mmseg.models.backbones.hrnet import HRModule
from torch import Tensor, nn


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


def add_dropped(x: Tensor, branch: Tensor, drop_path: nn.Module) -> Tensor:
    """x + drop_path(branch), in one pass over the maps where that is mmcv's DropPath.

    Args:
        x: (B, ...).
        branch: Of the shape of x.
        drop_path: What drops the branch for some of the B samples.

    Returns:
        Of the shape of x.
    """
    if not (isinstance(drop_path, DropPath) and drop_path.training):
        return x + drop_path(branch)
    # What it makes of ones is what it multiplies each sample by.
    share = drop_path(branch.new_ones(len(branch), *[1] * (branch.dim() - 1)))
    return torch.addcmul(x, branch, share)
