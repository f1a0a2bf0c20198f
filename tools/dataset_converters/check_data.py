"""Check lists and folders of forgeries: files, masks, duplicates, leakage.

    python tools/dataset_converters/check_data.py data/train.txt data/test.txt \\
        --out work_dirs/check_data

Give all lists of one experiment together: images that are in two of them, or nearly
so, are leakage. A folder contains images/, masks/ and authentic/, or authentic images
only. A table is printed; report.json and report.html go to the folder --out. Exit
status 1: there are errors; 2: a list cannot be read. An interrupted check resumes where
it stopped; unchanged files are not read again.
"""

import argparse
import json
import os
import sys
import time
from functools import partial


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('lists', nargs='+', help='list files and folders')
    parser.add_argument(
        '--data-root', help="where paths in lists start; default each list's folder"
    )
    parser.add_argument(
        '--out', default='work_dirs/check_data', help='folder; default %(default)s'
    )
    parser.add_argument(
        '--workers', type=int, default=2, help='processes; default %(default)s'
    )
    parser.add_argument(
        '--max-pictures',
        type=int,
        default=200,
        help='defects of a kind that the page shows; default %(default)s',
    )
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    from rich.console import Console
    from rich.progress import Progress

    from mpc_mmseg.atomic_files import write_atomic
    from mpc_mmseg.datasets.check.checked_list import open_lists
    from mpc_mmseg.datasets.check.measure import measure_all
    from mpc_mmseg.datasets.check.result import as_json, as_text, judge
    from mpc_mmseg.plain_text import print_error
    from mpc_mmseg.visualization.check_page import check_page

    try:
        lists = open_lists(args.lists, args.data_root)
        entries = [entry for each in lists for entry in each.entries]
        cache = os.path.join(args.out, 'measured.jsonl')
        begin = time.perf_counter()
        with Progress(console=Console(stderr=True)) as bar:
            step = partial(bar.advance, bar.add_task('images', total=len(entries)))
            facts = iter(measure_all(entries, cache, args.workers, step))
        seconds = time.perf_counter() - begin
        for each in lists:
            each.facts = [next(facts) for _ in each.entries]
        begin = time.perf_counter()
        result = judge(lists)
        print(as_text(result))
        print(
            f'Files: {seconds:.1f} s, {len(entries) / seconds:.0f} images per second. '
            f'Comparisons: {time.perf_counter() - begin:.1f} s.'
        )
        title = 'Data check: ' + ', '.join(each.name for each in lists)
        pages = {
            'report.json': json.dumps(as_json(result), indent=1),
            'report.html': check_page(result, title, args.max_pictures),
        }
        for name, text in pages.items():
            path = os.path.join(args.out, name)
            write_atomic(path, text)
            print(path)
    except (ValueError, OSError) as error:
        print_error('check_data', error)
        return 2
    except KeyboardInterrupt:
        print('\nInterrupted; the same command resumes from here.', file=sys.stderr)
        return 130
    return 0 if result.passed else 1


if __name__ == '__main__':
    sys.exit(main())
