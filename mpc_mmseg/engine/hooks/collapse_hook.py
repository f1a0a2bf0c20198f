"""Warns when phase 1 does not separate the classes."""

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmseg.registry import HOOKS


@HOOKS.register_module()
class CollapseHook(Hook):
    """Warns if all embeddings are alike or the classes are not separated.

    Every ``patience`` iterations of phase 1, reads the logged mean cosine similarities
    within and between the classes (``similarity_intra``, ``similarity_inter``) over
    these iterations; after a resume over those since.

    Args:
        patience: Iterations between two checks, at least 1.
        alike: Mean similarity between the classes above which embeddings have
            collapsed.
        gap: Least difference of the similarities within and between.
    """

    def __init__(
        self, patience: int = 1000, alike: float = 0.99, gap: float = 0.01
    ) -> None:
        if patience < 1:
            raise ValueError(f'patience must be at least 1, got {patience}')
        self.patience, self.alike, self.gap = patience, alike, gap

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None
    ) -> None:
        """Check the last iterations when enough have passed."""
        module = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if module.phase != 'contrast' or (runner.iter + 1) % self.patience:
            return
        logs = runner.message_hub.log_scalars
        keys = ('train/similarity_intra', 'train/similarity_inter')
        if any(key not in logs for key in keys):
            return
        intra, inter = (logs[key].mean(self.patience) for key in keys)
        numbers = (
            f'mean cosine similarity {intra:.3f} within and {inter:.3f} between the '
            f'classes over the last {self.patience} iterations'
        )
        if inter > self.alike:
            runner.logger.warning(
                f'Phase contrast has collapsed: all embeddings are alike ({numbers}). '
                'Lower the learning rate or warm up longer.'
            )
        elif intra - inter < self.gap:
            runner.logger.warning(
                f'Phase contrast does not separate the classes ({numbers}). From '
                "random weights use views with positives='other'; else check the masks."
            )
