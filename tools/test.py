"""Score a checkpoint of either phase on the config's test data.

    python tools/test.py work_dirs/RUN/best.pth
    python tools/test.py configs/FAMILY/CONFIG.py work_dirs/RUN/best.pth

The checkpoint contains the config that it was trained with. If another config is
given, settings of model, preprocessor and test pipeline that differ are printed first.

A checkpoint of the contrast phase predicts by clustering, one of the localize
phase by its head; the phase is stored in the checkpoint.
"""

import argparse
import os
from typing import TYPE_CHECKING

from free_cores import leave_busy_cores
from inference_arguments import add_trust
from quiet_import import register_quietly

if TYPE_CHECKING:
    from mmengine.config import Config


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'config', nargs='?', help="config file; default: the checkpoint's own config"
    )
    parser.add_argument(
        'checkpoint', help='checkpoint file, or name of a published model (docs/zoo.md)'
    )
    parser.add_argument(
        '--work-dir', help='folder of the log; default work_dirs/CONFIG'
    )
    parser.add_argument('--data-root', help='data_root of every data set of the test')
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
    add_trust(parser)
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


def configure(args: argparse.Namespace) -> tuple['Config', dict]:
    """The config, and the origin of the scores."""
    from mpc_mmseg.apis.scored_checkpoint import config_to_score
    from mpc_mmseg.evaluation.results.origin import differences_in_words

    cfg, origin = config_to_score(
        args.config,
        args.checkpoint,
        args.cfg_options,
        args.data_root,
        args.launcher,
        work_dir=args.work_dir,
        trust_config=args.trust_config,
    )
    differences = differences_in_words(origin)
    if differences and int(os.environ.get('RANK', 0)) == 0:
        print(differences, flush=True)
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
    return cfg, origin


def main() -> None:
    args = parse_args()
    leave_busy_cores()
    register_quietly()
    from mmengine.dist import is_main_process
    from mmengine.fileio import dump
    from quiet_runner import QuietRunner, end_with_message

    from mpc_mmseg.engine.launch import leave_process_group
    from mpc_mmseg.hashing import unchanged

    runner = None
    try:
        cfg, origin = configure(args)
        with unchanged(cfg.load_from) as weights:
            if cfg.test_evaluator.get('type') == 'ForgeryMetric':
                cfg.test_evaluator.origin = {**origin, 'weights_sha256': weights}
            runner = QuietRunner.from_cfg(cfg)
            runner.load_or_resume()
    except Exception as error:
        end_with_message('test.py', error, runner)
    scores = runner.test()
    del runner  # or the process group would not end
    if args.json and is_main_process():
        dump(scores, args.json, indent=2)
    leave_process_group()


if __name__ == '__main__':
    main()
