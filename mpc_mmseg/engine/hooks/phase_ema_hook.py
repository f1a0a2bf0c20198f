"""Averaged weights over the phases of a run."""

import torch.distributed
from mmengine.dist import is_distributed
from mmengine.hooks import EMAHook
from mmseg.registry import HOOKS

from mpc_mmseg.engine.phases import phase_at


@HOOKS.register_module()
class PhaseEMAHook(EMAHook):
    """MMEngine's EMA, restarted with each phase.

    At the end of a phase the averaged weights, which validations scored and checkpoints
    hold, become the model's own. The average then starts from them, so that frozen
    parts are equal in the model and in its average. Otherwise an average from phase 1
    would keep moving toward features that phase 2's head is not trained on. Arguments
    are MMEngine's; ``begin_iter`` counts iterations of the run.
    """

    # TwoPhaseHook comes next: it saves the end of a phase and enters the next one.
    priority = 'HIGHEST'

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Hand the average over when this iteration begins a phase."""
        if phase_at(runner.train_loop.phases, runner.iter).name != self.src_model.phase:
            self._hand_over()

    def _hand_over(self) -> None:
        average = self.ema_model.module
        for mine, averaged in zip(self.src_model.parameters(), average.parameters()):
            mine.data.copy_(averaged.data)
        if self.ema_model.update_buffers:
            for mine, averaged in zip(self.src_model.buffers(), average.buffers()):
                mine.copy_(averaged)
                if is_distributed():
                    # Ranks averaged the statistics of different batches.
                    torch.distributed.broadcast(mine, 0)
        # The first update copies.
        self.ema_model.steps.zero_()
