"""Weights pass from one run or phase to the next, and only if they fit."""

import os.path as osp
from collections.abc import Mapping, MutableMapping, Sequence

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from torch import Tensor, nn

from mpc_mmseg.weights import weights_of

from .safe_reading import read_checkpoint


def check_weights(
    state: Mapping[str, Tensor],
    expected: Mapping[str, Tensor],
    required: Sequence[str],
    source: str,
) -> None:
    """Compare a checkpoint's weights with the model's, by name and shape.

    Args:
        state: The checkpoint's state dict.
        expected: The model's, from `weights_of`.
        required: Prefixes of the names that the checkpoint must hold.
        source: Name of the checkpoint in errors.

    Raises:
        RuntimeError: Naming the weights that are missing, unknown or of another shape.
    """
    state = {key.removeprefix('module.'): value for key, value in state.items()}
    prefixes = tuple(required)
    problems = {
        'missing': [k for k in expected if k.startswith(prefixes) and k not in state],
        'unknown to the model': [k for k in state if k not in expected],
        'no tensor': [k for k, v in state.items() if not isinstance(v, Tensor)],
        'of another shape': [
            f'{k} {tuple(v.shape)} instead of {tuple(expected[k].shape)}'
            for k, v in state.items()
            if isinstance(v, Tensor) and k in expected and v.shape != expected[k].shape
        ],
    }
    found = {what: keys for what, keys in problems.items() if keys}
    if found:
        lines = [
            f'  {len(keys)} {what}: {", ".join(keys)}' for what, keys in found.items()
        ]
        raise RuntimeError(
            f'{source} does not fit this model; use a checkpoint of the same '
            'architecture:\n' + '\n'.join(lines)
        )


def drop_untrained_head(
    state: MutableMapping[str, Tensor], expected: Mapping[str, Tensor]
) -> None:
    """Remove a state's head, which phase 1 does not train, if the model has another."""
    heads = [
        {k: v.shape for k, v in weights.items() if k.startswith('decode_head.')}
        for weights in (state, expected)
    ]
    if heads[0] != heads[1]:
        for key in heads[0]:
            state.pop(key)


def best_checkpoint(runner) -> str | None:
    """Path of the run's best checkpoint in this phase; None before a validation.

    Of several that ``save_best`` keeps, that of its first score. A run resumed into
    another work dir finds it beside the checkpoint that it was resumed from.

    Raises:
        RuntimeError: If the file is missing.
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
        f'the best checkpoint {name} is missing in {runner.work_dir}: restore it, or '
        'continue from the last weights with localize_phase.load_best=False'
    )


def load_best(runner, model: nn.Module) -> None:
    """Load a phase's best weights; the model keeps its last ones if there are none.

    Only the main process reads: wrapping the model for the next phase sends its weights
    to the others.
    """
    if not is_main_process():
        return
    path = best_checkpoint(runner)
    if path is None:
        runner.logger.warning(
            'load_best: the phase has no best checkpoint; its last weights are kept'
        )
        return
    state = read_checkpoint(path)['state_dict']
    check_weights(state, weights_of(model), ('',), f'the checkpoint {path}')
    model.load_state_dict(state)
    runner.logger.info(f'Loaded the best weights of the phase, {path}')


def forget_best(runner) -> None:
    """Restart the search: scores of two phases are not comparable. The file stays."""
    info = runner.message_hub.runtime_info
    for key in [k for k in info if k.startswith(('best_score', 'best_ckpt'))]:
        info.pop(key)
    for hook in runner.hooks:
        if isinstance(hook, CheckpointHook) and hook.save_best:
            if len(hook.key_indicators) == 1:
                hook.best_ckpt_path = None
            else:
                hook.best_ckpt_path_dict = dict.fromkeys(hook.key_indicators)
