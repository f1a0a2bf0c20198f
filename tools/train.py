"""Train a forgery localizer.

    python tools/train.py configs/FAMILY/CONFIG.py --data-root DIR
    python tools/train.py configs/FAMILY/CONFIG.py --phases contrast

Phases run one after the other; default: those of the config's `phases`. One run of both
equals two: `--phases contrast`, then `--phases localize --load-from CHECKPOINT`.
"""

import argparse
import os


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config file, for instance from configs/hrnet')
    parser.add_argument(
        '--work-dir', help='folder of logs and checkpoints; default work_dirs/CONFIG'
    )
    parser.add_argument('--data-root', help='data_root of every data set of the config')
    parser.add_argument(
        '--phases',
        type=lambda text: text.split(','),
        metavar='NAME,NAME',
        help='phases to train, in order, of those that the config knows: contrast, '
        "localize, supervised; default: the config's phases",
    )
    parser.add_argument(
        '--load-from', help='checkpoint to start from; phase 1 before --phases localize'
    )
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='resume from this checkpoint, or from the last one of the work dir',
    )
    parser.add_argument(
        '--amp',
        action='store_true',
        help='train in mixed precision (float16 on a GPU, bfloat16 on a CPU)',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='override values of the config, '
        'for instance contrast_phase.max_iters=2000',
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='how the processes were started; see tools/dist_train.sh',
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    args = parser.parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def main() -> None:
    args = parse_args()
    from mmengine.device import is_cuda_available
    from mmengine.runner import Runner

    from mpc_mmseg.engine.checkpoints.checkpoint_files import latest_checkpoint
    from mpc_mmseg.engine.launch import leave_process_group, load_config
    from mpc_mmseg.freed_memory import keep_freed_memory

    cfg = load_config(
        args.config,
        args.cfg_options,
        args.data_root,
        args.launcher,
        args.work_dir,
        args.phases,
    )
    if args.load_from:
        cfg.load_from = args.load_from
    if args.resume == 'auto':
        # Without a checkpoint a run starts from scratch, or from load_from.
        latest = latest_checkpoint(cfg.work_dir)
        cfg.resume = latest is not None
        if cfg.resume:
            cfg.load_from = latest
    elif args.resume:
        cfg.resume, cfg.load_from = True, args.resume
    if args.amp:
        if is_cuda_available():
            cfg.optim_wrapper.type = 'AmpOptimWrapper'
            cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
        else:
            cfg.optim_wrapper.type = 'CpuAmpOptimWrapper'
    if not is_cuda_available():
        keep_freed_memory()
    runner = Runner.from_cfg(cfg)
    if 'phases' in cfg:
        lengths = [
            f'{name} ({cfg[f"{name}_phase"].max_iters:,})' for name in cfg.phases
        ]
        runner.logger.info(f'Phases (iterations): {", ".join(lengths)}')
    runner.train()
    del runner  # what refers to the process group keeps it alive
    leave_process_group()


if __name__ == '__main__':
    main()
