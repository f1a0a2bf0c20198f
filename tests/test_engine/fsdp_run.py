"""One phase by MMEngine's FSDPStrategy, for test_fsdp.py and docs/distributed.md.

torchrun --nproc_per_node 2 fsdp_run.py CONFIG PHASE WORK_DIR [LOAD_FROM]

Without torchrun the same phase runs in one process, undivided.
"""

import os
import random
import sys

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import FlexibleRunner
from torch.distributed.fsdp import FullyShardedDataParallel, StateDictType

import mpc_mmseg  # noqa: F401 - registers the plugin


class SameStartHook(Hook):
    """Draws alike in training, whatever was drawn while the model was wrapped."""

    def before_train(self, runner) -> None:
        random.seed(0)
        np.random.seed(0)
        torch.manual_seed(0)


def main() -> None:
    config, phase, work_dir, *load_from = sys.argv[1:]
    divided, on_gpu = 'RANK' in os.environ, torch.cuda.is_available()
    cfg = Config.fromfile(config)
    cfg.model.phase = phase
    length = cfg.pop(f'{phase}_phase')
    cfg.optim_wrapper = dict(type='OptimWrapper', **length.optim_wrapper)
    cfg.train_cfg = dict(
        type='IterBasedTrainLoop',
        max_iters=length.max_iters,
        val_interval=length.val_interval,
    )
    backend = 'nccl' if on_gpu else 'gloo'
    cfg.env_cfg = dict(dist_cfg=dict(backend=backend))
    if divided:
        if not on_gpu:
            torch.distributed.init_process_group(backend)
        wrapper = dict(type='MMFullyShardedDataParallel', use_orig_params=True)
        if not on_gpu:
            wrapper['device_id'] = torch.device('cpu')
        cfg.strategy = dict(
            type='FSDPStrategy', model_wrapper=wrapper, state_dict_cfg='local'
        )
        cfg.launcher = 'pytorch'
    # TwoPhaseHook needs a Runner; the phase stands in the model's config.
    cfg.custom_hooks, cfg.work_dir = [], work_dir
    cfg.load_from = load_from[0] if load_from else None
    runner = FlexibleRunner.from_cfg(cfg)
    runner.register_hook(SameStartHook())
    runner.train()
    model = runner.model
    if divided:
        with FullyShardedDataParallel.state_dict_type(
            model, StateDictType.FULL_STATE_DICT
        ):
            state = model.state_dict()
    else:
        state = model.state_dict()
    if is_main_process():
        torch.save(state, os.path.join(work_dir, 'undivided.pth'))


if __name__ == '__main__':
    main()
