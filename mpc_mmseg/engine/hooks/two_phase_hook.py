"""When the phase changes."""

import copy

import torch.distributed
from mmengine.dist import is_distributed
from mmengine.hooks import CheckpointHook, Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop
from mmseg.registry import HOOKS

from ..handover import check_weights
from ..phase_train_loop import PhaseTrainLoop
from ..phases import Phase, phase_at

_META_KEY = 'mpc_phase'


def _module(runner):
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


@HOOKS.register_module()
class TwoPhaseHook(Hook):
    """Moves a run through the phases of its config (MPC, IEEE TIFS 2025).

    The phase follows from ``runner.iter`` and the phases' bounds at every
    iteration. Entering one tells the segmentor what to train, wraps the model for
    DDP anew, builds the phase's optimizer over the trained parameters alone and
    its schedulers, and starts the search for the best checkpoint afresh; the phase
    before is kept as ``<phase>_end.pth``, which a localize run can start from. A
    checkpoint stores its phase; a resumed run enters it before the optimizer's
    state is loaded, and a tested one predicts by it. Weights that a run begins
    with are checked by name: a localize phase refuses to start unless every
    weight of the frozen parts came from a file.
    """

    # After PhaseEMAHook, before any hook that reads the optimizer.
    priority = 5

    def __init__(self) -> None:
        self.phase: Phase | None = None
        self._loaded = False

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Check the weights; on resume, enter the checkpoint's phase."""
        # runner.train_loop would build a loop that a test run does not need.
        loop = runner._train_loop
        model = _module(runner)
        name = checkpoint.get('meta', {}).get(_META_KEY)
        source = f'the checkpoint {getattr(runner, "_load_from", None) or ""}'.strip()
        resumes = isinstance(loop, BaseLoop) and runner.cfg.get('resume', False)
        if isinstance(loop, PhaseTrainLoop) and not resumes:
            starts_localize = loop.phases[0].name == 'localize'
            required = ('backbone.', 'neck.') if starts_localize else ('backbone.',)
        else:
            required = ('',)
        check_weights(
            checkpoint.get('state_dict', checkpoint),
            model.state_dict(),
            required,
            source,
        )
        self._loaded = True
        if not isinstance(loop, BaseLoop):
            if name is not None:
                model.set_phase(name)
        elif resumes and isinstance(loop, PhaseTrainLoop):
            found = [p for p in loop.phases if p.name == name]
            if not found:
                raise RuntimeError(
                    f'{source} was saved in phase {name!r}, which this config does '
                    f'not train ({[p.name for p in loop.phases]}): start from it '
                    'with load_from instead of resuming'
                )
            self._enter(runner, found[0])

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Store the phase, which at a switch does not follow from the iteration."""
        checkpoint['meta'][_META_KEY] = _module(runner).phase

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
                    'the localize phase trains a head on frozen features and has no '
                    'weights for them: set load_from to a checkpoint of the contrast '
                    'phase (--cfg-options load_from=...)'
                )
            self._enter(runner, first)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Change the phase when the iteration is in another one."""
        phase = phase_at(runner.train_loop.phases, runner.iter)
        if phase != self.phase:
            self._save_end(runner)
            self._enter(runner, phase)
            self._forget_phase(runner)
            runner.model.train()

    def _enter(self, runner, phase: Phase) -> None:
        model = _module(runner)
        model.set_phase(phase.name)
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
        runner.optim_wrapper.initialize_count_status(
            runner.model, runner.iter, runner.max_iters
        )
        self.phase = phase
        trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
        runner.logger.info(
            f'Phase {phase.name}: iterations {phase.begin} to {phase.end}, '
            f'{trained:,} trained parameters'
        )

    def _save_end(self, runner) -> None:
        assert self.phase is not None
        runner.save_checkpoint(
            runner.work_dir,
            f'{self.phase.name}_end.pth',
            meta=dict(epoch=runner.epoch, iter=runner.iter),
            by_epoch=False,
        )

    @staticmethod
    def _forget_phase(runner) -> None:
        # MMEngine goes on logging a loss's last mean after it is no longer computed.
        logs = runner.message_hub.log_scalars
        for key in [
            k for k in logs if k.startswith(('train/loss', 'train/similarity_'))
        ]:
            logs.pop(key)
        # Scores of two phases are not comparable; the file of the old best stays.
        info = runner.message_hub.runtime_info
        for key in [k for k in info if k.startswith(('best_score', 'best_ckpt'))]:
            info.pop(key)
        for hook in runner.hooks:
            if isinstance(hook, CheckpointHook) and hook.save_best:
                if len(hook.key_indicators) == 1:
                    hook.best_ckpt_path = None
                else:
                    hook.best_ckpt_path_dict = dict.fromkeys(hook.key_indicators)
