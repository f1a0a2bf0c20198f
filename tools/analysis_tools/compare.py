"""Compare two results of the same images, image by image.

    python tools/test.py CONFIG A.pth --results a.json
    python tools/test.py CONFIG B.pth --results b.json
    python tools/analysis_tools/compare.py a.json b.json

Prints the mean difference of each score (B - A) with its 95 % bootstrap interval and
the p-value of a paired permutation test: per data set, by the share of forged pixels,
and by tag. Refuses results of different lists of images.
"""

import argparse
import sys


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('a', metavar='A.json', help='results of tools/test.py')
    parser.add_argument('b', metavar='B.json', help='results to compare with it')
    parser.add_argument(
        '--tag-pattern',
        metavar='REGEX',
        help='what matches in a file name is a tag of the image, for instance '
        "'_(copy|splice)_'",
    )
    parser.add_argument('--resamples', type=int, default=1000, help='of the bootstrap')
    parser.add_argument(
        '--permutations', type=int, default=10000, help='of the permutation test'
    )
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--json', metavar='FILE', help='write the rows as JSON')
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    import json

    from mpc_mmseg.atomic_files import write_atomic
    from mpc_mmseg.evaluation.results.comparison import compare_results
    from mpc_mmseg.evaluation.results.results_file import read_results
    from mpc_mmseg.evaluation.results.text_tables import comparison_table

    try:
        rows = compare_results(
            read_results(args.a),
            read_results(args.b),
            (args.a, args.b),
            args.tag_pattern,
            args.resamples,
            args.permutations,
            args.seed,
        )
    except (OSError, ValueError) as error:
        print(f'compare.py: {error}', file=sys.stderr)
        return 2
    print(f'A: {args.a}\nB: {args.b}\n{comparison_table(rows)}')
    if args.json:
        write_atomic(args.json, json.dumps(rows, indent=1))
    return 0


if __name__ == '__main__':
    sys.exit(main())
