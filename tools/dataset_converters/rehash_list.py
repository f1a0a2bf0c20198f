"""Update the header of an edited list file, or add one to a plain list.

    python tools/dataset_converters/rehash_list.py data/casia2/train.txt --version 2

Counts and hash follow from the entries. A list whose entries or repeat factors changed
must get a new version: lists of one name and version hold the same images everywhere.
A plain list needs a name as well.
"""

import argparse
import sys


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('lists', nargs='+', metavar='LIST', help='list files')
    parser.add_argument('--version', help='the new version')
    parser.add_argument('--name', help='the new name; default: unchanged')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from mpc_mmseg.datasets.lists.list_file import rehash
    from mpc_mmseg.plain_text import print_error

    for path in args.lists:
        try:
            print(rehash(path, args.version, args.name))
        except (ValueError, OSError) as error:
            print_error('rehash_list', error)
            sys.exit(1)


if __name__ == '__main__':
    main()
