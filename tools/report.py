"""Put results on one self-contained HTML page, to read offline or print, or in a table.

    python tools/test.py CONFIG CHECKPOINT --results W/results.json --out W/maps
    python tools/robustness.py CONFIG CHECKPOINT --out W/robustness
    python tools/report.py W/results.json W/robustness/robustness.json \\
        --out W/report.html --maps W/maps

Scores with intervals, curves of robustness, the best and the worst images, curves of
training, pixel embeddings, and a table of all images that sorts and filters. Results
of several runs stand side by side.

A table for a paper, where files of one name are seeds of one run:

    python tools/report.py a1.json a2.json b1.json b2.json --table tex \\
        --names ours ours theirs theirs
"""

import argparse
import sys


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'results',
        nargs='+',
        metavar='FILE',
        help='results.json of tools/test.py, robustness.json of tools/robustness.py',
    )
    parser.add_argument(
        '--out', metavar='FILE', help='page to write; a table is else printed'
    )
    parser.add_argument(
        '--table',
        choices=('md', 'tex', 'csv'),
        help='write a table instead of a page: files that --names gives one name are '
        'seeds, shown as mean and standard deviation',
    )
    parser.add_argument(
        '--scores',
        nargs='+',
        default=[],
        metavar='SCORE',
        help='scores of the table, such as mpc.F1 image.AUC; default: F1 and IoU',
    )
    parser.add_argument(
        '--names', nargs='+', metavar='NAME', help='names of the files, in order'
    )
    parser.add_argument(
        '--maps',
        nargs='+',
        default=[],
        metavar='DIR',
        help='probability maps of the first runs, as tools/test.py --out writes them; '
        'those of one data set stand side by side',
    )
    parser.add_argument(
        '--work-dir', metavar='DIR', help='folder of a training run, to show its curves'
    )
    parser.add_argument(
        '--embeddings',
        nargs='+',
        default=[],
        metavar='NPZ',
        help='pixel embeddings: arrays embeddings (N, C) and labels (N,), 1 forged',
    )
    parser.add_argument(
        '--title', default='Image forgery localization: results', help='heading'
    )
    parser.add_argument(
        '--threshold',
        type=float,
        default=0.5,
        help='probability above which a pixel is predicted forged (default 0.5)',
    )
    parser.add_argument(
        '--max-images',
        type=int,
        default=16,
        metavar='N',
        help='images of a data set: best, worst, false alarms (default 16)',
    )
    parser.add_argument(
        '--images',
        default='.',
        metavar='DIR',
        help='show only photographs and masks below this folder, whatever files the '
        'results name; default: the current folder',
    )
    args = parser.parse_args()
    if not (args.out or args.table):
        parser.error('give the page to write, --out HTML, or a --table')
    return args


def main() -> int:
    args = parse_args()
    # Imported late: --help need not wait for torch.
    from mpc_mmseg.atomic_files import write_atomic
    from mpc_mmseg.plain_text import print_error
    from mpc_mmseg.visualization.results_report import build_results_report
    from mpc_mmseg.visualization.score_table import score_table

    try:
        if args.table:
            table = score_table(args.results, args.names, args.table, args.scores)
            if args.out:
                write_atomic(args.out, table)
            else:
                print(table, end='')
            return 0
        path = build_results_report(
            args.results,
            args.out,
            names=args.names,
            maps=args.maps,
            embeddings=args.embeddings,
            title=args.title,
            threshold=args.threshold,
            max_images=args.max_images,
            image_root=args.images,
            work_dir=args.work_dir,
        )
    except (OSError, ValueError) as error:
        print_error('report.py', error)
        return 1
    print(f'report: {path}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
