"""Stops a run whose loss or weights are not finite."""

import math

import torch
from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from torch import Tensor


def not_finite(tensors: dict[str, Tensor]) -> list[str]:
    """Names of tensors with an infinity or a NaN, with one wait for the device."""
    floats = {k: t for k, t in tensors.items() if t.is_floating_point() and t.numel()}
    if not floats:
        return []
    flags = torch.stack([t.isfinite().all() for t in floats.values()]).tolist()
    return [name for name, fine in zip(floats, flags) if not fine]


def file_names(data_batch: dict | None) -> list[str]:
    """Image files of a data loader's batch."""
    samples = (data_batch or {}).get('data_samples') or []
    return [str(sample.metainfo.get('img_path', '?')) for sample in samples]


@HOOKS.register_module()
class WatchdogHook(Hook):
    """Ends the run at the first loss or weight that is not finite.

    The loss is checked after each iteration, where MMEngine's log has already waited
    for its value. Weights, which a bad gradient may spoil while the loss is still
    finite, are checked before a checkpoint is written: a broken one is never written,
    and the one before stays. The error names the loss terms and the batch's files.
    """

    # Before checkpoints are written.
    priority = 'ABOVE_NORMAL'

    def __init__(self) -> None:
        self._files: list[str] = []
        self._terms: dict[str, float] = {}

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None
    ) -> None:
        """Check the loss."""
        outputs = outputs or {}
        self._files = file_names(data_batch)
        self._terms = {
            # The sum has a graph; torch warns when it is converted.
            k: float(torch.as_tensor(v).detach())
            for k, v in outputs.items()
            if 'loss' in k
        }
        if not all(map(math.isfinite, self._terms.values())):
            self._stop('the loss is not finite', runner.iter + 1)

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Check the weights."""
        if names := not_finite(checkpoint['state_dict']):
            more = f' and {len(names) - 5} more' if len(names) > 5 else ''
            self._stop(
                f'weights are not finite ({", ".join(names[:5])}{more}); no '
                'checkpoint was written',
                checkpoint.get('meta', {}).get('iter', runner.iter),
            )

    def _stop(self, what: str, iteration: int) -> None:
        terms = ', '.join(f'{k} = {v:g}' for k, v in self._terms.items())
        raise FloatingPointError(
            f'iteration {iteration}: {what}. Losses of the last batch: {terms or "-"}. '
            f'Its files: {", ".join(self._files) or "-"}. Check these; else lower the '
            'learning rate or set optim_wrapper.clip_grad. Then continue from the last '
            'checkpoint with --resume.'
        )
