"""Rates of stochastic depth in a network of parallel branches."""

from collections.abc import Sequence

import torch
from mmcv.cnn.bricks import DropPath
from mmseg.models.backbones.hrnet import HRModule


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
