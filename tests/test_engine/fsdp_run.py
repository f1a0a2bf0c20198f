"""One phase by MMEngine's FSDPStrategy, for test_fsdp.py and docs/distributed.md.

torchrun --nproc_per_node 2 fsdp_run.py CONFIG PHASE WORK_DIR [LOAD_FROM]
"""

import sys

import torch
from mmengine.config import Config
from mmengine.runner import FlexibleRunner

import mpc_mmseg  # noqa: F401 - registers the plugin


def main() -> None:
    config, phase, work_dir, *load_from = sys.argv[1:]
    if not torch.cuda.is_available():
        torch.distributed.init_process_group('gloo')
    cfg = Config.fromfile(config)
    cfg.model.phase = phase
    length = cfg.pop(f'{phase}_phase')
    cfg.optim_wrapper = dict(type='OptimWrapper', **length.optim_wrapper)
    cfg.train_cfg = dict(
        type='IterBasedTrainLoop',
        max_iters=length.max_iters,
        val_interval=length.val_interval,
    )
    wrapper = dict(type='MMFullyShardedDataParallel', use_orig_params=True)
    if not torch.cuda.is_available():
        wrapper['device_id'] = torch.device('cpu')
    cfg.strategy = dict(
        type='FSDPStrategy', model_wrapper=wrapper, state_dict_cfg='local'
    )
    cfg.env_cfg = dict(dist_cfg=dict(backend='gloo'))
    # TwoPhaseHook needs a Runner; the phase stands in the model's config.
    cfg.custom_hooks = []
    cfg.launcher, cfg.work_dir = 'pytorch', work_dir
    cfg.load_from = load_from[0] if load_from else None
    FlexibleRunner.from_cfg(cfg).train()


if __name__ == '__main__':
    main()
