"""A divided optimizer's state in checkpoints."""

from mmengine.hooks import CheckpointHook, Hook
from mmseg.registry import HOOKS

from mpc_mmseg.engine.phase_train_loop import PhaseTrainLoop
from mpc_mmseg.engine.phases import phase_at
from mpc_mmseg.engine.sharded_optimizer import ShardedOptimizer


@HOOKS.register_module()
class ShardedOptimizerHook(Hook):
    """Gathers a `ShardedOptimizer`'s state in the main process before it is saved.

    All processes take part, each time that a checkpoint may follow: at the checkpoint
    hook's interval, at the end of a phase and of the run. A checkpoint is that of the
    undivided optimizer, so a run may go on with another number of processes.
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
        # A validation alone builds no training loop.
        loop = runner._train_loop
        if not isinstance(loop, PhaseTrainLoop):
            return
        if phase_at(loop.phases, runner.iter - 1).early_stop:
            self._gather(runner)

    @staticmethod
    def _gather(runner) -> None:
        optimizer = runner.optim_wrapper.optimizer
        if isinstance(optimizer, ShardedOptimizer):
            optimizer.consolidate_state_dict()
