"""Score a checkpoint of either phase on the config's test data.

    python tools/test.py configs/FAMILY/CONFIG.py work_dirs/CONFIG/best_*.pth

A checkpoint of the contrast phase predicts by clustering, one of the localize
phase by its head; the phase is stored in the checkpoint.
"""

import argparse
import os

from free_cores import leave_busy_cores


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config file')
    parser.add_argument(
        'checkpoint', help='checkpoint file, or name of a published model (docs/zoo.md)'
    )
    parser.add_argument(
        '--work-dir', help='folder of the log; default work_dirs/CONFIG'
    )
    parser.add_argument('--data-root', help='data_root of every data set of the config')
    parser.add_argument(
        '--conventions',
        nargs='+',
        default=[],
        metavar='NAME',
        help='also score by these, side by side: all, or some of focal, imdl-benco, '
        'mpc, mvss, native, trufor',
    )
    parser.add_argument(
        '--results',
        metavar='FILE',
        help='write all results as JSON: scores with intervals, images, conventions '
        '(all, unless --conventions names some)',
    )
    parser.add_argument(
        '--source-pattern',
        metavar='REGEX',
        help='finds the source photograph in file names: images that share one are '
        'drawn together for the intervals',
    )
    parser.add_argument(
        '--per-image',
        metavar='FILE',
        help='write scores per image as JSON lines, or as CSV if FILE ends in .csv',
    )
    parser.add_argument(
        '--out', metavar='DIR', help='write each probability map as a 16-bit PNG'
    )
    parser.add_argument('--json', metavar='FILE', help='write the scores as JSON')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='override values of the config, for instance model.test_cfg.threshold=0.4',
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='how the processes were started; see tools/dist_test.sh',
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    args = parser.parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def main() -> None:
    args = parse_args()
    leave_busy_cores()
    from mmengine.dist import is_main_process
    from mmengine.fileio import dump
    from mmengine.runner import Runner

    from mpc_mmseg.apis.zoo.zoo import model_file
    from mpc_mmseg.engine.launch import leave_process_group, load_config

    cfg = load_config(
        args.config, args.cfg_options, args.data_root, args.launcher, args.work_dir
    )
    cfg.load_from = str(model_file(args.checkpoint))
    cfg.resume = False
    # Nothing is trained: a missing training set must not stop a test.
    for key in ('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler'):
        cfg.pop(key, None)
    if args.per_image:
        cfg.test_evaluator.per_image_file = args.per_image
    conventions = args.conventions or (['all'] if args.results else [])
    if conventions:
        cfg.test_evaluator.conventions = 'all' if 'all' in conventions else conventions
    if args.results:
        cfg.test_evaluator.results_file = args.results
    if args.source_pattern:
        cfg.test_evaluator.source_pattern = args.source_pattern
    if args.out:
        cfg.custom_hooks.append(dict(type='SaveMapsHook', out_dir=args.out))
    scores = Runner.from_cfg(cfg).test()
    if args.json and is_main_process():
        dump(scores, args.json, indent=2)
    leave_process_group()


if __name__ == '__main__':
    main()
