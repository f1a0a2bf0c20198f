"""Says when phase 1 has stopped separating."""

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmseg.registry import HOOKS


@HOOKS.register_module()
class CollapseHook(Hook):
    """Warns of embeddings that are all alike or classes that stay together.

    Reads the mean cosine similarities within and between the classes that the
    contrast logs (``similarity_intra``, ``similarity_inter``), over the last
    ``patience`` iterations of phase 1, each time that so many have passed. It keeps no
    state of its own, so a resumed run is judged as one that was never stopped.

    Args:
        patience: Iterations that a judgement covers.
        alike: Mean similarity between the classes above which all embeddings count
            as one.
        gap: Least excess of the similarity within over that between.

    Raises:
        ValueError: If ``patience`` is below 1 or a threshold is not in (-1, 1].
    """

    def __init__(
        self, patience: int = 1000, alike: float = 0.99, gap: float = 0.01
    ) -> None:
        if patience < 1:
            raise ValueError(f'patience must be at least 1, got {patience}')
        for name, value in (('alike', alike), ('gap', gap)):
            if not -1 < value <= 1:
                raise ValueError(f'{name} must be in (-1, 1], got {value}')
        self.patience, self.alike, self.gap = patience, alike, gap

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None
    ) -> None:
        """Judge the last iterations when enough have passed."""
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
