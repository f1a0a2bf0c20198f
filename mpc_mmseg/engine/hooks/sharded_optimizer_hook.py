"""An optimizer whose state is divided among processes (ZeRO 1), and its checkpoints."""

from collections.abc import Iterable
from typing import Any

import torch
from mmengine.hooks import CheckpointHook, Hook
from mmseg.registry import HOOKS, OPTIMIZERS
from torch.distributed.optim import ZeroRedundancyOptimizer

from mpc_mmseg.engine.phase_train_loop import PhaseTrainLoop
from mpc_mmseg.engine.phases import phase_at


@OPTIMIZERS.register_module()
class ShardedOptimizer(ZeroRedundancyOptimizer):
    """torch's ``ZeroRedundancyOptimizer`` over the weights that a phase trains.

    Each process keeps the state of its share of the weights, updates these and sends
    them to the others (Rajbhandari et al., ZeRO, SC 2020, stage 1). The weights equal
    those of the plain optimizer. MMEngine's class of this kind gathers the state when a
    checkpoint is saved, in the main process alone, and waits for ever; here
    `ShardedOptimizerHook` gathers it beforehand in all processes.

    Args:
        params: Weights, or groups of them. Frozen ones are left out: they would be
            sent around after each step.
        optimizer_type: Name of an optimizer in ``torch.optim``.
        **kwargs: Arguments of that optimizer.
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


@HOOKS.register_module()
class ShardedOptimizerHook(Hook):
    """Gathers a `ShardedOptimizer`'s state in the main process before it is saved.

    All processes take part, whenever a checkpoint may follow: at the checkpoint hook's
    interval, at the end of a phase and of the run. A checkpoint is that of the
    undivided optimizer, so a run may resume with another number of processes.
    """

    # Before TwoPhaseHook, which saves the end of a phase.
    priority = 4

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Gather when this iteration begins a phase."""
        phases = runner.train_loop.phases
        last = runner.iter - 1
        if last >= 0 and phase_at(phases, last).name != phase_at(phases, last + 1).name:
            self._gather(runner)

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """Gather when a checkpoint follows this iteration."""
        hooks = [h for h in runner.hooks if isinstance(h, CheckpointHook)]
        if self.is_last_train_iter(runner) or any(
            self.every_n_train_iters(runner, hook.interval) for hook in hooks
        ):
            self._gather(runner)

    def after_val_epoch(self, runner, metrics: dict | None = None) -> None:
        """Gather when the validation may end a phase early, and so the run."""
        loop = runner._train_loop  # not built for a validation alone
        if (
            isinstance(loop, PhaseTrainLoop)
            and phase_at(loop.phases, runner.iter - 1).early_stop
        ):
            self._gather(runner)

    @staticmethod
    def _gather(runner) -> None:
        optimizer = runner.optim_wrapper.optimizer
        if isinstance(optimizer, ShardedOptimizer):
            optimizer.consolidate_state_dict()
