"""Whether a run's validations can give the score that it selects by, and do."""

from collections.abc import Iterator
from typing import Any

from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import BaseLoop
from mmseg.registry import HOOKS

from mpc_mmseg.engine.phase_train_loop import PhaseTrainLoop

from .cached_features_hook import leaves


def has_forged_pixels(dataset: Any) -> bool:
    """Whether a data set's ground truth marks a pixel as forged.

    Samples of ForgeryDataset state it; of other data sets masks are read until one
    has the label 1.
    """
    for leaf in leaves(dataset):
        for index in range(len(leaf)):
            # A wrapper's information is that of the photographs, not of its forgeries.
            made = 'dataset' in vars(leaf)
            forged = None if made else leaf.get_data_info(index).get('forged')
            if forged is None:
                forged = (leaf[index]['data_samples'].gt_sem_seg.data == 1).any()
            if forged:
                return True
    return False


def monitored(runner) -> Iterator[str]:
    """Scores that select checkpoints, lower the learning rate or end a phase."""
    for hook in runner.hooks:
        if isinstance(hook, CheckpointHook) and hook.save_best:
            yield from hook.key_indicators
    if isinstance(runner.train_loop, PhaseTrainLoop):
        for phase in runner.train_loop.phases:
            for each in (*phase.param_scheduler, phase.early_stop or {}):
                if monitor := each.get('monitor'):
                    yield monitor


@HOOKS.register_module()
class ValidationHook(Hook):
    """Refuses validations without what the score needs, and warns if nothing is found.

    A score over data sets (``mean/score``) needs an image with forged pixels. While no
    pixel passes the threshold the score stays 0: after two such validations a warning
    states what to change.
    """

    def __init__(self) -> None:
        self._zeros = 0

    def before_train(self, runner) -> None:
        """Check the data; a ValueError names the score that they cannot give."""
        needed = [name for name in monitored(runner) if name.startswith('mean/')]
        loop = runner.val_loop
        if not needed or not isinstance(loop, BaseLoop):
            return
        if not has_forged_pixels(loop.dataloader.dataset):
            raise ValueError(
                f'the run selects by {needed[0]}, which the validation data cannot '
                'give: no image of val_dataloader has a pixel of the label 1 (forged). '
                'Add forged images with masks; masks of 0 and 255 need ForgeryDataset '
                "(mmseg's own data sets ignore 255)"
            )

    def after_val_epoch(self, runner, metrics: dict[str, float] | None = None) -> None:
        """Warn at the second score of 0 in a row."""
        metrics = metrics or {}
        self._zeros = self._zeros + 1 if metrics.get('mean/score') == 0 else 0
        if self._zeros == 2:
            best = [
                f'{value:.2f} ({name.removesuffix("/best_threshold")})'
                for name, value in metrics.items()
                if name.endswith('/best_threshold')
            ]
            runner.logger.warning(
                'mean/score is 0 in two validations: no forged pixel passed the '
                'threshold. Lower model.test_cfg.threshold (F1 is highest at '
                f'{", ".join(best) or "another one"}), or raise forged_weight of the '
                "head's loss. Until then average precision ranks the checkpoints"
            )
