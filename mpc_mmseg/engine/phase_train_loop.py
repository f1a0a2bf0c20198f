"""MMEngine's iteration loop over the phases of a run."""

from mmengine.dist import broadcast_object_list, get_rank
from mmengine.runner import IterBasedTrainLoop
from mmseg.registry import LOOPS

from .phase_data import Stream, seed_global_streams, seeded_dataloader
from .phases import Phase, end_phase, phase_at, read_phases

#: Key of a checkpoint for the last validation that had begun before it.
_VALIDATED = 'mpc_validated_iter'


@LOOPS.register_module()
class PhaseTrainLoop(IterBasedTrainLoop):
    """Trains for the sum of the phases' lengths; validates by each phase's interval.

    Lengths and intervals are read from the config's ``NAME_phase`` keys. A phase always
    ends with a validation. An interval in epochs (``val_interval='0.01 epochs'``)
    follows the size of the data set, the batch and the number of processes.

    All randomness of an iteration (the batch, its augmentation, stochastic depth,
    dropout, the drawn pixels) is a function of the seed, the phase, the iteration
    within the phase and the rank. A run therefore resumes from any checkpoint as if it
    had never stopped, and a separate localize run equals the second phase of a single
    run.

    MMEngine writes an iteration's checkpoint before it validates. A run resumed
    from a checkpoint whose validation is missing begins with that validation, so that
    schedules and the best score miss none.

    Arguments are those of ``IterBasedTrainLoop``, except ``max_iters`` and
    ``val_interval``; the dataloader is a config.
    """

    def __init__(self, runner, dataloader, **kwargs) -> None:
        self.phases = read_phases(runner.cfg)
        super().__init__(
            runner,
            seeded_dataloader(dataloader),
            max_iters=self.phases[-1].end,
            val_interval=self.phases[0].val_interval,
            **kwargs,
        )
        # Upstream MMEngine starts the workers here. Persistent ones would keep a data
        # set without what hooks add to it before training.
        self.dataloader_iterator = self.dataloader._iterator = None
        # Intervals in epochs need the size of the data, known only now.
        batch = self.dataloader.batch_size * runner.world_size
        epoch_iters = -(-len(self.dataloader.dataset) // batch)
        self.phases = read_phases(runner.cfg, epoch_iters)
        self.val_interval = self.phases[0].val_interval
        # The runner builds these next; TwoPhaseHook rebuilds them at a switch.
        runner.optim_wrapper = self.phases[0].optim_wrapper
        runner.param_schedulers = self.phases[0].param_scheduler
        self._data_of: str | None = None
        self._seed = 0

    def end_phase(self, name: str, iteration: int) -> None:
        """Let a phase end at ``iteration``; later phases move with it."""
        self.phases = end_phase(self.phases, name, iteration)
        self._max_iters = self.phases[-1].end

    def run(self):
        """Train from the current iteration to the end; returns the model."""
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        # diff_rank_seed gives each rank a seed, but the order of the data is one.
        seeds = [self.runner.seed]
        broadcast_object_list(seeds)
        self._seed = seeds[0]
        if self._iter >= self._max_iters:
            self.runner.logger.info(
                f'All {self._max_iters:,} iterations of this run are done: nothing is '
                'left to train'
            )
        validated = self.runner.message_hub.get_info(_VALIDATED)
        if self._iter > 0 and validated != self._iter:
            self._validate_if_due()
        while self._iter < self._max_iters and not self.stop_training:
            self.runner.model.train()
            self.run_iter(self._next_batch())
            self._validate_if_due()
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')
        return self.runner.model

    def run_iter(self, data_batch) -> None:
        """Train one batch with the iteration's own random numbers."""
        self._seed_streams(Stream.ITERATION, phase_at(self.phases, self._iter))
        super().run_iter(data_batch)

    def _next_batch(self):
        phase = phase_at(self.phases, self._iter)
        if phase.name != self._data_of:
            seen = (self._iter - phase.begin) * self.dataloader.batch_size
            self.dataloader.sampler.begin(self._seed, phase.name, seen)
            self.dataloader_iterator = iter(self.dataloader)
            self._data_of = phase.name
        return next(self.dataloader_iterator)

    def _validate_if_due(self) -> None:
        phase = phase_at(self.phases, self._iter - 1)
        self.val_interval = phase.val_interval
        if (
            self.runner.val_loop is None
            or self._iter < self.val_begin
            or not phase.validates_after(self._iter)
        ):
            return
        # Checkpoints written from here on include this validation.
        self.runner.message_hub.update_info(_VALIDATED, self._iter)
        self._seed_streams(Stream.VALIDATION, phase)
        self.runner.val_loop.run()

    def _seed_streams(self, stream: Stream, phase: Phase) -> None:
        done = self._iter - phase.begin
        seed_global_streams(stream, self._seed, phase.name, done, get_rank())
