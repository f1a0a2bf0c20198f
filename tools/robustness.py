"""Score a checkpoint on photographs that are post-processed after the forgery.

    python tools/robustness.py CHECKPOINT --data-root my_forgeries
    python tools/robustness.py CONFIG CHECKPOINT --grid jpeg_quality=90,70,50 \\
        noise_sd_8bit=3,11 chain=whatsapp_like,resize_factor=0.5+jpeg_quality=70

Photographs are processed at native size, before any resizing for the network. Each
setting is scored once: an interrupted run resumes, another grid reuses equal settings.
The output folder contains robustness.json, robustness.txt (the table), curves/*.png and
per_image/*.jsonl.
"""

import argparse
import sys
from pathlib import Path

from inference_arguments import add_trust
from quiet_import import register_quietly

LISTS = (
    Path(__file__).parents[1] / 'configs' / '_base_' / 'robustness' / 'lists_in_use.py'
)

# Those that have a plot.
SCORES = {'F1', 'IoU', 'image_AUC', 'false_alarm_area'}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'config',
        nargs='?',
        help="config file, whose test data is scored; default: the checkpoint's own",
    )
    parser.add_argument('checkpoint', help='checkpoint of either phase')
    parser.add_argument('--data-root', help='data_root of every data set of the test')
    parser.add_argument(
        '--out', metavar='DIR', help='default: robustness/ in the run folder'
    )
    grid = parser.add_mutually_exclusive_group()
    grid.add_argument(
        '--grid',
        nargs='+',
        metavar='FAMILY=V,V',
        help='values of each family; chain= takes presets and steps joined by +',
    )
    grid.add_argument(
        '--grid-file',
        metavar='FILE',
        help="a config with robustness_grid = dict(FAMILY=[...]); default: CONFIG's "
        f'own, else configs/_base_/robustness/{LISTS.name}',
    )
    parser.add_argument(
        '--list', action='store_true', help='print the settings of the grid and exit'
    )
    parser.add_argument('--device', help='for instance cpu or cuda:1')
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='as test.py'
    )
    add_trust(parser)
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    register_quietly()
    # Imported here, so that --help does not wait for torch.
    from mmengine.config import Config

    from mpc_mmseg.apis.robustness_run import measure_robustness
    from mpc_mmseg.apis.scored_checkpoint import config_to_score
    from mpc_mmseg.atomic_files import write_atomic
    from mpc_mmseg.datasets.post_processing import parse_grid
    from mpc_mmseg.evaluation.results.origin import differences_in_words
    from mpc_mmseg.evaluation.results.text_tables import robustness_table
    from mpc_mmseg.plain_text import print_error
    from mpc_mmseg.visualization.robustness_plots import (
        plot_family,
        robustness_families,
    )

    try:
        cfg, origin = config_to_score(
            args.config,
            args.checkpoint,
            args.cfg_options,
            args.data_root,
            trust_config=args.trust_config,
        )
        if differences := differences_in_words(origin):
            print(differences, file=sys.stderr)
        if args.grid:
            grid = {}
            for option in args.grid:
                family, _, values = option.partition('=')
                grid[family] = values.split(',')
        elif args.grid_file or 'robustness_grid' not in cfg:
            grid = Config.fromfile(args.grid_file or LISTS).robustness_grid
        else:
            grid = cfg.robustness_grid
        settings = parse_grid(grid)
        if args.list:
            print('\n'.join(f'{s.name}: {s.chain or "as it is"}' for s in settings))
            return 0
        out = Path(args.out or Path(cfg.work_dir) / 'robustness')
        results = measure_robustness(
            cfg, cfg.load_from, settings, out, args.device, origin
        )
        table = robustness_table(results)
        write_atomic(out / 'robustness.txt', table + '\n')
        print(table)
        scored = {
            name
            for entry in results['settings']
            for scores in entry['scores'].values()
            for name in scores
        }
        for family in robustness_families(results['settings']):
            for score in sorted(scored & SCORES):
                picture = plot_family(results['settings'], family, score)
                write_atomic(out / 'curves' / f'{family}-{score}.png', picture)
    except (OSError, ValueError, RuntimeError) as error:
        print_error('robustness.py', error)
        return 1
    except KeyboardInterrupt:
        print('\nrobustness.py: interrupted; run again to resume', file=sys.stderr)
        return 130
    print(f'results: {out}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
