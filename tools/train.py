"""Train a forgery localizer.

    python tools/train.py configs/FAMILY/CONFIG.py --data-root DIR
    python tools/train.py configs/FAMILY/CONFIG.py --phases contrast

Phases run one after the other; default: those of the config's `phases`. One run of both
equals two: `--phases contrast`, then `--phases localize --load-from CHECKPOINT`.
"""

import argparse
import os
from typing import TYPE_CHECKING

from free_cores import leave_busy_cores
from quiet_import import register_quietly

if TYPE_CHECKING:
    from mmengine.config import Config


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
        '--overwrite',
        action='store_true',
        help='delete the checkpoints of an earlier run in the work dir, and train',
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
    if args.resume not in (None, 'auto') and args.load_from:
        parser.error('--resume CHECKPOINT would not use --load-from: give one of them')
    if args.resume and args.overwrite:
        parser.error('--resume continues the run that --overwrite deletes: give one')
    for option in ('load_from', 'resume'):
        path = getattr(args, option)
        if path and path != 'auto' and '://' not in path and not os.path.isfile(path):
            parser.error(f'--{option.replace("_", "-")}: there is no file {path}')
    if args.data_root and not os.path.isdir(args.data_root):
        parser.error(f'--data-root: there is no folder {args.data_root}')
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def configure(args: argparse.Namespace) -> 'Config':
    """The run's config; a ValueError if an earlier run's checkpoints are in its way."""
    from mmengine.device import is_cuda_available
    from quiet_runner import earlier_checkpoints

    from mpc_mmseg.engine.checkpoints.checkpoint_files import latest_checkpoint
    from mpc_mmseg.engine.launch import load_config
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
        checkpoint = cfg.get('default_hooks', {}).get('checkpoint') or {}
        latest = latest_checkpoint(cfg.work_dir, checkpoint.get('out_dir'))
        cfg.resume = latest is not None
        if cfg.resume:
            cfg.load_from = latest
    elif args.resume:
        cfg.resume, cfg.load_from = True, args.resume
    if not (cfg.get('resume') or args.overwrite) and earlier_checkpoints(cfg.work_dir):
        raise ValueError(
            f'{cfg.work_dir} holds the checkpoints of an earlier run: continue it with '
            '--resume, choose another folder with --work-dir, or delete them with '
            '--overwrite'
        )
    if args.amp:
        if is_cuda_available():
            cfg.optim_wrapper.type = 'AmpOptimWrapper'
            cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
        else:
            cfg.optim_wrapper.type = 'CpuAmpOptimWrapper'
    if not is_cuda_available():
        keep_freed_memory()
    return cfg


def main() -> None:
    args = parse_args()
    leave_busy_cores()
    register_quietly()
    from quiet_runner import QuietRunner, earlier_checkpoints, end_with_message

    from mpc_mmseg.engine.launch import leave_process_group

    runner = None
    try:
        cfg = configure(args)
        runner = QuietRunner.from_cfg(cfg)
        runner.logger.info(f'Environment and config: {runner.logger.log_file}')
        if 'phases' in cfg:
            lengths = [
                f'{name} ({cfg[f"{name}_phase"].max_iters:,})' for name in cfg.phases
            ]
            runner.logger.info(f'Phases (iterations): {", ".join(lengths)}')
        if args.overwrite:
            start = os.path.realpath(cfg.get('load_from') or '')
            runner.superseded = [
                path
                for path in earlier_checkpoints(cfg.work_dir)
                if os.path.realpath(path) != start
            ]
        runner.train()
    except Exception as error:
        if isinstance(error, FloatingPointError) or not (runner and runner.started):
            end_with_message('train.py', error, runner)
        raise
    del runner  # what refers to the process group keeps it alive
    leave_process_group()


if __name__ == '__main__':
    main()
