"""All processes validate with the statistics of the checkpoint."""

import torch.distributed
from mmengine.dist import is_distributed
from mmengine.hooks import Hook
from mmseg.registry import HOOKS


@HOOKS.register_module()
class SameBuffersHook(Hook):
    """Gives every process the main one's buffers before a validation and at the end.

    BatchNorm's running statistics follow the batches of a process, so each process
    would score its images with a different network, while the checkpoint holds the main
    one's. Without DDP it does nothing.
    """

    # After an EMA hook has loaded the averaged weights.
    priority = 'LOW'

    def before_val_epoch(self, runner) -> None:
        """Broadcast the buffers."""
        if is_distributed():
            for buffer in runner.model.buffers():
                torch.distributed.broadcast(buffer, 0)

    def after_train(self, runner) -> None:
        """Broadcast the buffers."""
        self.before_val_epoch(runner)
