"""The best checkpoint of a phase: found, taken over, forgotten."""

import os.path as osp

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import CheckpointLoader
from torch import nn

from .handover import check_weights


def best_checkpoint(runner) -> str | None:
    """The best checkpoint that the run has written in this phase.

    Of several that ``save_best`` keeps, the one of its first score. A run resumed
    into another work dir finds it beside the checkpoint that it came from.

    Returns:
        A path; None if no validation of this phase has a score yet.

    Raises:
        RuntimeError: If the file is gone.
    """
    info = runner.message_hub.runtime_info
    stored = next((v for k, v in info.items() if k.startswith('best_ckpt') and v), None)
    if stored is None:
        return None
    name = osp.basename(stored)
    origin = osp.dirname(getattr(runner, '_load_from', None) or '')
    # A plain CheckpointHook stores a path into the folder that was copied.
    folders = [runner.work_dir, osp.dirname(stored), origin]
    for folder in filter(None, folders):
        if osp.isfile(osp.join(folder, name)):
            return osp.join(folder, name)
    raise RuntimeError(
        f'the best checkpoint {name} is missing in {runner.work_dir}: put it back, or '
        'go on from the last weights, by localize_phase.load_best=False'
    )


def load_best(runner, model: nn.Module) -> None:
    """Load a phase's best weights into the model; its last ones stay without any.

    On many processes only the first reads: wrapping the model for the next phase
    hands its weights to the others.
    """
    if not is_main_process():
        return
    path = best_checkpoint(runner)
    if path is None:
        runner.logger.warning(
            'load_best: the phase has no best checkpoint; its last weights are kept'
        )
        return
    state = CheckpointLoader.load_checkpoint(path, map_location='cpu')['state_dict']
    check_weights(state, model.state_dict(), ('',), f'the checkpoint {path}')
    model.load_state_dict(state)
    runner.logger.info(f'Loaded the best weights of the phase, {path}')


def forget_best(runner) -> None:
    """Begin the search anew: scores of two phases are not comparable.

    The file of the old best stays.
    """
    info = runner.message_hub.runtime_info
    for key in [k for k in info if k.startswith(('best_score', 'best_ckpt'))]:
        info.pop(key)
    for hook in runner.hooks:
        if isinstance(hook, CheckpointHook) and hook.save_best:
            if len(hook.key_indicators) == 1:
                hook.best_ckpt_path = None
            else:
                hook.best_ckpt_path_dict = dict.fromkeys(hook.key_indicators)
