"""List, fetch and verify published models of a zoo.

    python tools/zoo.py list
    python tools/zoo.py fetch NAME     # into the cache; prints the file
    python tools/zoo.py verify         # compare every file with the index
    python tools/zoo.py pin            # a value for MPC_ZOO that pins this index

The zoo is MPC_ZOO, a folder or an address; by default this project's own.
"""

import argparse
import sys


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('command', choices=('list', 'fetch', 'verify', 'pin'))
    parser.add_argument('names', nargs='*', metavar='NAME', help='default: all models')
    parser.add_argument(
        '--zoo', metavar='LOCATION', help='folder or address; default: MPC_ZOO'
    )
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    # Imported here, so that --help does not wait for torch.
    from mpc_mmseg.apis.zoo.zoo import Zoo, entry_of
    from mpc_mmseg.hashing import sha256
    from mpc_mmseg.plain_text import print_error

    failed = False
    try:
        zoo = Zoo.from_environment(args.zoo)
        entries = zoo.entries()
        if args.command == 'pin':
            print(f'{zoo.location}#sha256={sha256(zoo.index())}')
            return 0
        for name in args.names or entries:
            if args.command == 'list':
                entry = entry_of(entries, name, zoo.location)
                size = f'{entry.size / 2**20:.1f} MiB'
                print(
                    f'{name}\n  {size}, {entry.config}, {entry.card}\n  {entry.terms}'
                )
                continue
            try:
                print(zoo.find(name))
            except (OSError, RuntimeError) as error:
                print_error('zoo.py', error)
                failed = True
    except (OSError, ValueError) as error:
        print_error('zoo.py', error)
        return 2
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
