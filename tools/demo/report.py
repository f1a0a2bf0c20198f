"""Put a run's curves, scores and maps on one self-contained HTML page.

    python tools/test.py CONFIG CHECKPOINT --per-image W/images.jsonl \\
        --json W/scores.json --out W/maps
    python tools/demo/report.py --work-dir W --out W/report.html \\
        --per-image W/images.jsonl --scores W/scores.json --predictions W/maps

Only --work-dir and --out are required; the page has no section for missing files.
"""

import argparse
import sys


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--work-dir',
        required=True,
        metavar='DIR',
        help="the run's folder; its */vis_data/scalars.json give the curves",
    )
    parser.add_argument('--out', required=True, metavar='HTML', help='page to write')
    parser.add_argument(
        '--per-image',
        metavar='JSONL',
        help="one line per image, as ForgeryMetric's per_image_file",
    )
    parser.add_argument(
        '--predictions',
        metavar='DIR',
        help='probability maps, as tools/test.py --out or tools/infer.py --save-prob '
        'write them: grey PNGs of 8 or 16 bits',
    )
    parser.add_argument(
        '--scores',
        metavar='JSON',
        help="the model's scores, {score: value}; default: computed from --per-image",
    )
    parser.add_argument(
        '--baselines',
        metavar='JSON',
        help='scores to compare with, {name: {score: value}}',
    )
    parser.add_argument(
        '--before',
        metavar='NPZ',
        help='pixel embeddings before phase 1: arrays embeddings (N, C) and labels '
        '(N,), 1 forged and 0 authentic',
    )
    parser.add_argument('--after', metavar='NPZ', help='the same after phase 1')
    parser.add_argument(
        '--title', default='Image forgery localization', help='heading of the page'
    )
    parser.add_argument(
        '--model-name', default='this model', help="the model's row in the table"
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
        default=40,
        metavar='N',
        help='images shown at most, evenly from best to worst (default 40)',
    )
    parser.add_argument(
        '--compare',
        nargs='+',
        default=[],
        metavar='NAME=DIR',
        help='models scored on other images: folders with images.jsonl, scores.json '
        'and maps of tools/test.py, shown side by side',
    )
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    # Imported late: --help need not wait for torch.
    from mpc_mmseg.visualization.training_report import build_report

    try:
        path = build_report(
            work_dir=args.work_dir,
            out=args.out,
            per_image=args.per_image,
            predictions=args.predictions,
            scores=args.scores,
            baselines=args.baselines,
            embeddings_before=args.before,
            embeddings_after=args.after,
            title=args.title,
            model_name=args.model_name,
            threshold=args.threshold,
            max_images=args.max_images,
            compared=dict(item.split('=', 1) for item in args.compare),
        )
    except (OSError, ValueError) as error:
        print(f'report.py: {error}', file=sys.stderr)
        return 1
    print(f'report: {path}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
