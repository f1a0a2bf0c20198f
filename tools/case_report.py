"""Write a report on each image, for a case file.

    python tools/case_report.py photo.jpg --model best.pth --out case
    python tools/case_report.py --verify case

For each image STEM.* it writes STEM_case.html, to be read and printed, and
STEM_case.json, the same as data: hashes of file, weights and config, metadata, where
and how surely the image was forged, what the score means, how far to rely on it. The
same input gives the same bytes: no clock is read, a date comes from --date.

The last line of each file seals the lines above it. --verify tells whether reports
are as they were written; the exit status is 1 if one is not. It cannot tell who wrote
them: note the printed seals where others keep them too.
"""

import argparse
import sys

from inference_arguments import add_map_arguments, add_model_arguments


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'images',
        nargs='+',
        metavar='IMAGE',
        help='images, or folders, read with their sub-folders; with --verify, reports '
        'or folders of reports',
    )
    parser.add_argument(
        '--verify', action='store_true', help='check reports, and write none'
    )
    parser.add_argument(
        '--model',
        metavar='FILE',
        help='a checkpoint of tools/train.py, or a config file (then give --weights)',
    )
    parser.add_argument('--out', metavar='DIR', help='folder of the reports')
    add_model_arguments(parser, 'cpu', 'as torch names it; default: cpu')
    add_map_arguments(parser)
    parser.add_argument('--date', metavar='TEXT', help='put into the report as it is')
    parser.add_argument(
        '--note', metavar='TEXT', help='likewise, such as a case number'
    )
    args = parser.parse_args()
    if not args.verify and (not args.model or not args.out):
        parser.error('--model and --out are needed, unless reports are verified')
    return args


def main() -> int:
    args = parse_args()
    try:
        return check(args) if args.verify else write(args)
    except (OSError, ValueError, RuntimeError) as error:
        print(f'case_report.py: {error}', file=sys.stderr)
        return 2


def check(args: argparse.Namespace) -> int:
    from mpc_mmseg.forensics.case.case_files import verify

    problems = verify(args.images)
    for path, problem in problems.items():
        print(f'{path}: {problem or "as it was written"}')
    return 1 if any(problems.values()) else 0


def write(args: argparse.Namespace) -> int:
    # Imported late: --help need not wait for torch.
    from mpc_mmseg.forensics.case.case_files import write_cases
    from mpc_mmseg.forensics.case.case_report import Examiner

    examiner = Examiner.load(
        args.model,
        args.weights,
        args.device,
        threshold=args.threshold,
        tile=args.tile,
        overlap=args.overlap,
        tta=args.tta,
    )
    notes = {'date': args.date, 'note': args.note}
    seals, failures = write_cases(
        args.images,
        args.out,
        examiner,
        {key: text for key, text in notes.items() if text is not None},
        args.pixel_limit,
    )
    for file, seal in seals.items():
        print(f'{seal}  {file}')
    for failure in failures:
        print(f'case_report.py: {failure}', file=sys.stderr)
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
