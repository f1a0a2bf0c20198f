"""Write a sealed report on each image, for a case file.

    mpcseg case photo.jpg --out case        # or: python tools/case_report.py ...
    mpcseg case photos/ --model best.pth --out case
    mpcseg case --verify case

For each image STEM.* it writes STEM_case.html, to read and print, and STEM_case.json
with the same data: hashes of file, weights and config, metadata, the forged regions and
their probability, the meaning of the score and its reliability. Equal input gives equal
bytes: the clock is not read, a date comes from --date.

The last line of each file is a hash that seals the lines above it. --verify checks that
reports are unaltered; the exit status is 1 if one is not. A seal does not prove who
wrote a report: store the printed seals also outside of your own control.
"""

import argparse
import sys
from pathlib import Path

from inference_arguments import (
    add_calibration,
    add_device,
    add_map_arguments,
    add_model,
    add_pixel_limit,
    check_model,
)


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
        '--verify', action='store_true', help='verify reports instead of writing them'
    )
    add_model(parser)
    parser.add_argument('--out', metavar='DIR', help='folder of the reports')
    add_device(parser, 'cpu')  # a report should come out equal on any machine
    add_calibration(parser)
    add_map_arguments(parser)
    add_pixel_limit(parser)
    parser.add_argument('--date', metavar='TEXT', help='text copied into the report')
    parser.add_argument(
        '--note', metavar='TEXT', help='the same, such as a case number'
    )
    args = parser.parse_args()
    if not args.verify and not args.out:
        parser.error('--out is needed unless --verify is given')
    check_model(parser, args)
    return args


def main() -> int:
    args = parse_args()
    # Imported here, so that --help does not wait for torch.
    from mpc_mmseg.plain_text import print_error

    try:
        return check(args) if args.verify else write(args)
    except (OSError, ValueError, RuntimeError) as error:
        print_error(Path(sys.argv[0]).name, error)
        return 2


def check(args: argparse.Namespace) -> int:
    from mpc_mmseg.forensics.case.case_files import verify
    from mpc_mmseg.plain_text import plain_text

    problems = verify(args.images)
    for path, problem in problems.items():
        print(f'{plain_text(path, 4096)}: {plain_text(problem or "unaltered")}')
    return 1 if any(problems.values()) else 0


def write(args: argparse.Namespace) -> int:
    from mpc_mmseg.forensics.case.case_files import write_cases
    from mpc_mmseg.forensics.case.case_report import Examiner
    from mpc_mmseg.plain_text import plain_text, print_error

    examiner = Examiner.load(
        args.model,
        args.weights,
        args.device,
        threshold=args.threshold,
        tile=args.tile,
        overlap=args.overlap,
        tta=args.tta,
        calibration=args.calibration,
        trust_config=args.trust_config,
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
        print(f'{seal}  {plain_text(file, 4096)}')
    for failure in failures:
        print_error(Path(sys.argv[0]).name, failure)
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
