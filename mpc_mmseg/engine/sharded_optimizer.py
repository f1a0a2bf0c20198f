"""An optimizer whose state is divided among the processes of a run (ZeRO stage 1)."""

from collections.abc import Iterable
from typing import Any

import torch
from mmseg.registry import OPTIMIZERS
from torch.distributed.optim import ZeroRedundancyOptimizer


@OPTIMIZERS.register_module()
class ShardedOptimizer(ZeroRedundancyOptimizer):
    """torch's ``ZeroRedundancyOptimizer`` over the weights that a phase trains.

    Each process keeps the state of its share of the weights, updates these and sends
    them to the others (Rajbhandari et al., ZeRO, SC 2020, stage 1). Weights come out as
    those of the plain optimizer. MMEngine's class of torch's name gathers the state
    whenever it is asked for it, which the main process alone does for a checkpoint, and
    waits for ever; here `ShardedOptimizerHook` gathers it beforehand in all processes.

    Args:
        params: Weights, or groups of them. Frozen ones are left out: they would be
            sent around after each step.
        optimizer_type: Name of an optimizer in ``torch.optim``.
        **kwargs: Of that optimizer.
    """

    def __init__(self, params: Iterable, optimizer_type: str, **kwargs: Any) -> None:
        given = list(params)
        if isinstance(given[0], dict):
            trained: list = [
                {**group, 'params': _trained(group['params'])} for group in given
            ]
            trained = [group for group in trained if group['params']]
        else:
            trained = _trained(given)
        super().__init__(trained, getattr(torch.optim, optimizer_type), **kwargs)


def _trained(parameters: Iterable[torch.Tensor]) -> list[torch.Tensor]:
    return [p for p in parameters if p.requires_grad]
