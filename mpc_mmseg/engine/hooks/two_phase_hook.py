"""Changes the phase of a run at the right iteration."""

import copy
from collections.abc import Mapping

import torch.distributed
from mmengine.dist import is_distributed, is_main_process
from mmengine.hooks import CheckpointHook, EarlyStoppingHook, Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop
from mmseg.registry import HOOKS

from mpc_mmseg.engine.checkpoints.handover import (
    best_checkpoint,
    check_weights,
    drop_untrained_head,
    forget_best,
    load_best,
)
from mpc_mmseg.engine.phase_train_loop import PhaseTrainLoop
from mpc_mmseg.engine.phases import Phase, phase_at
from mpc_mmseg.openmmlab_notices import notices_left_out
from mpc_mmseg.weights import weights_of

# Keys of a checkpoint's meta.
_PHASE, _PHASES = 'mpc_phase', 'mpc_phases'
_ENDS, _EARLY_STOP = 'mpc_phase_ends', 'mpc_early_stop'
# State of EarlyStoppingHook.
_STALL = ('best_score', 'wait_count')


def _module(runner):
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


@HOOKS.register_module()
class TwoPhaseHook(Hook):
    """Moves a run through the phases of its config (MPC, IEEE TIFS 2025).

    The phase follows from ``runner.iter`` and the phases' bounds at every iteration.
    Entering a phase calls the segmentor's ``set_phase``, wraps the model for DDP again,
    builds the phase's schedulers and its optimizer over the trained parameters alone,
    and restarts the search for the best checkpoint. The previous phase is saved as
    ``<phase>_end.pth``, from which a localize run can start. With ``load_best`` a phase
    begins with the best weights of the previous one; with ``early_stop`` it ends when
    its score stalls. A checkpoint stores its phase and the ends of earlier phases: a
    resumed run enters it before the optimizer's state is loaded, and a test predicts by
    it. A localize phase refuses to start unless every frozen weight came from a file.
    """

    # After PhaseEMAHook, before any hook that reads the optimizer.
    priority = 5

    def __init__(self) -> None:
        self.phase: Phase | None = None
        self._loaded = False
        self._ends: dict[str, int] = {}
        self._early_stop: EarlyStoppingHook | None = None

    def before_run(self, runner) -> None:
        """Forget the best and last checkpoints of another run."""
        # MMEngine distinguishes runs of a process by name and second; two that begin in
        # one second share these. A resumed run gets its own from its checkpoint.
        stale = ('best_', 'keep_ckpt_ids', 'last_ckpt', 'mpc_')
        for key in [k for k in runner.message_hub.runtime_info if k.startswith(stale)]:
            runner.message_hub.pop_info(key)

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Check the weights; on resume, enter the checkpoint's phase."""
        # runner.train_loop would build a loop that a test run does not need.
        loop = runner._train_loop
        model = _module(runner)
        source = f'the checkpoint {getattr(runner, "_load_from", None) or ""}'.strip()
        if not isinstance(checkpoint, Mapping):
            raise RuntimeError(f'{source} is not a dict of weights by name')
        meta = checkpoint.get('meta', {})
        name = meta.get(_PHASE)
        resumes = isinstance(loop, BaseLoop) and runner.cfg.get('resume', False)
        if isinstance(loop, PhaseTrainLoop) and not resumes:
            starts_localize = loop.phases[0].name == 'localize'
            required = ('backbone.', 'neck.') if starts_localize else ('backbone.',)
            if starts_localize and name == 'contrast':
                drop_untrained_head(checkpoint['state_dict'], weights_of(model))
        else:
            required = ('',)
        state = checkpoint.get('state_dict', checkpoint)
        if required != ('',):
            # A converted file holds random weights for the parts that it lacked.
            lacked = tuple(meta.get('mpc_lacks', ()))
            state = {k: v for k, v in state.items() if not k.startswith(lacked)}
        check_weights(state, weights_of(model), required, source)
        self._loaded = True
        if not isinstance(loop, BaseLoop):
            if name is not None:
                model.set_phase(name)
        elif resumes and isinstance(loop, PhaseTrainLoop):
            names = [p.name for p in loop.phases]
            saved = list(meta.get(_PHASES, names if name in names else [name]))
            if saved != names:
                raise RuntimeError(
                    f'{source} is of a run of the phases {",".join(map(str, saved))}, '
                    f'this run trains {",".join(names)}: resume it with the same '
                    '--phases, or start from it with load_from instead of resuming'
                )
            self._ends = dict(meta.get(_ENDS, {}))
            for ended, iteration in self._ends.items():
                loop.end_phase(ended, iteration)
            self._enter(runner, next(p for p in loop.phases if p.name == name))
            if self._early_stop is not None:
                vars(self._early_stop).update(meta.get(_EARLY_STOP, {}))

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Store the phase, which is ambiguous at the iteration of a switch."""
        meta = checkpoint['meta']
        meta[_PHASE] = _module(runner).phase
        meta[_PHASES] = [p.name for p in runner.train_loop.phases]
        meta[_ENDS] = dict(self._ends)
        if self._early_stop is not None:
            state = vars(self._early_stop)
            meta[_EARLY_STOP] = {key: state[key] for key in _STALL}

    def before_train(self, runner) -> None:
        """Enter the first phase of a run that was not resumed."""
        loop = runner.train_loop
        if not isinstance(loop, PhaseTrainLoop):
            raise TypeError(
                "TwoPhaseHook needs train_cfg = dict(type='PhaseTrainLoop'), got "
                f'{type(loop).__name__}'
            )
        if self.phase is None:
            first = phase_at(loop.phases, runner.iter)
            if first.name == 'localize' and not self._loaded:
                raise RuntimeError(
                    'the localize phase trains a head on frozen features and their '
                    'weights are missing: set load_from to a checkpoint of the '
                    'contrast phase (--cfg-options load_from=...)'
                )
            self._enter(runner, first)
        self._count_from_phase(runner)

    def before_train_epoch(self, runner) -> None:
        """Check now, not at a switch days later, what ``load_best`` will need."""
        assert self.phase is not None
        now = self.phase.end
        phases = runner.train_loop.phases
        due = [p.name for p in phases if p.load_best and p.begin >= now]
        if due:
            hooks = [h for h in runner.hooks if isinstance(h, CheckpointHook)]
            if not any(hook.save_best for hook in hooks):
                raise ValueError(
                    f'{due[0]}_phase.load_best needs a best checkpoint: set '
                    'default_hooks.checkpoint.save_best to a score'
                )
            if is_main_process():
                best_checkpoint(runner)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Change the phase when the iteration is in another one."""
        phase = phase_at(runner.train_loop.phases, runner.iter)
        assert self.phase is not None
        if phase.name != self.phase.name:
            self._save_end(runner)
            self._ends[self.phase.name] = runner.iter
            if phase.load_best:
                load_best(runner, _module(runner))
            self._enter(runner, phase)
            self._count_from_phase(runner)
            self._forget_phase(runner)
            runner.model.train()

    def after_val_epoch(self, runner, metrics: dict | None = None) -> None:
        """End the phase if its score has stalled."""
        if self._early_stop is None or not metrics:
            return
        loop, phase = runner.train_loop, self.phase
        assert phase is not None
        self._early_stop.after_val_epoch(runner, metrics)
        if loop.stop_training:
            # MMEngine's hook would end the run.
            loop.stop_training = False
            self._ends[phase.name] = runner.iter
            loop.end_phase(phase.name, runner.iter)
            runner.logger.info(f'Phase {phase.name} ends early, at {runner.iter}')
            if runner.iter == runner.max_iters:
                self._save_end(runner)

    def _enter(self, runner, phase: Phase) -> None:
        model = _module(runner)
        model.set_phase(phase.name)
        if hasattr(model, 'cluster_head'):
            # MPC selects by two clusters in every image, an untrained one's too.
            model.cluster_head.least_separation = 0
        if is_model_wrapper(runner.model):
            if is_distributed():
                # Ranks saw different batches, so their running statistics differ.
                for buffer in model.buffers():
                    torch.distributed.broadcast(buffer, 0)
            # DDP fixes at wrapping which parameters it reduces.
            wrapper = copy.deepcopy(runner.cfg.get('model_wrapper_cfg'))
            runner.model = runner.wrap_model(wrapper, model)
        runner.optim_wrapper = runner.build_optim_wrapper(
            copy.deepcopy(phase.optim_wrapper)
        )
        optimizer = runner.optim_wrapper.optimizer
        for group in optimizer.param_groups:
            group['params'] = [p for p in group['params'] if p.requires_grad]
        optimizer.param_groups[:] = [g for g in optimizer.param_groups if g['params']]
        runner.scale_lr(runner.optim_wrapper, runner.auto_scale_lr)
        runner.param_schedulers = runner.build_param_scheduler(
            copy.deepcopy(phase.param_scheduler)
        )
        self.phase = phase
        stop = phase.early_stop
        self._early_stop = None if stop is None else EarlyStoppingHook(**stop)
        trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
        runner.logger.info(
            f'Phase {phase.name}: iterations {phase.begin} to {phase.end}, '
            f'{trained:,} trained parameters'
        )

    def _count_from_phase(self, runner) -> None:
        # Gradients are accumulated within a phase; MMEngine counts within the run.
        assert self.phase is not None
        done = runner.iter - self.phase.begin
        length = self.phase.end - self.phase.begin
        runner.optim_wrapper.initialize_count_status(runner.model, done, length)

    @notices_left_out()
    def _save_end(self, runner) -> None:
        assert self.phase is not None
        runner.save_checkpoint(
            runner.work_dir,
            f'{self.phase.name}_end.pth',
            meta=dict(epoch=runner.epoch, iter=runner.iter),
            by_epoch=False,
            backend_args=dict(backend='AtomicLocalBackend'),
        )

    @staticmethod
    def _forget_phase(runner) -> None:
        # MMEngine would keep logging the last mean of a loss that is not computed.
        logs = runner.message_hub.log_scalars
        stale = ('train/loss', 'train/similarity_')
        for key in [k for k in logs if k.startswith(stale)]:
            logs.pop(key)
        forget_best(runner)
