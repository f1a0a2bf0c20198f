"""MMEngine's iteration loop over one or two phases."""

from mmengine.runner import IterBasedTrainLoop
from mmseg.registry import LOOPS

from .phases import phase_at, read_phases


@LOOPS.register_module()
class PhaseTrainLoop(IterBasedTrainLoop):
    """Trains for the sum of the phases' lengths; validates by each phase's interval.

    Lengths and intervals are read from ``contrast_phase`` and ``localize_phase``
    of the run's config, so nothing is written twice. A phase always ends with a
    validation. An interval in epochs (``val_interval='0.01 epochs'``) follows the
    size of the data set, the batch and the number of processes.

    Args:
        runner: MMEngine's runner.
        dataloader: Training dataloader or its config.
        **kwargs: Further arguments of ``IterBasedTrainLoop``, but not
            ``max_iters`` and ``val_interval``.
    """

    def __init__(self, runner, dataloader, **kwargs) -> None:
        self.phases = read_phases(runner.cfg)
        super().__init__(
            runner,
            dataloader,
            max_iters=self.phases[-1].end,
            val_interval=self.phases[0].val_interval,
            **kwargs,
        )
        # Only now the data are known, which intervals in epochs follow.
        batch = self.dataloader.batch_size * runner.world_size
        epoch_iters = -(-len(self.dataloader.dataset) // batch)
        self.phases = read_phases(runner.cfg, epoch_iters)
        self.val_interval = self.phases[0].val_interval
        # The runner builds these next; TwoPhaseHook builds them anew at a switch.
        runner.optim_wrapper = self.phases[0].optim_wrapper
        runner.param_schedulers = self.phases[0].param_scheduler

    def _decide_current_val_interval(self) -> None:
        # Asked once an iteration is done; the loop then validates when the
        # number of iterations is a multiple of val_interval.
        phase = phase_at(self.phases, self._iter - 1)
        due = phase.validates_after(self._iter)
        self.val_interval = 1 if due else self._iter + 1
