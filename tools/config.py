"""List the configs of this project, or copy one to change it.

    mpcseg config                        # all, by family
    mpcseg config NAME                   # where it is, and its text
    mpcseg config NAME --copy configs    # with the files of its _base_, into a folder
    mpcseg train configs/FAMILY/NAME.py --data-root my_forgeries

A config of your own can also build on an installed one:

    _base_ = 'mpc_mmseg::FAMILY/NAME.py'
"""

import argparse
import ast
import sys
from difflib import get_close_matches
from pathlib import Path

from lazy_package import parts_when_used


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('name', nargs='?', metavar='NAME', help='name of a config')
    parser.add_argument(
        '--copy',
        metavar='DIR',
        help='folder that gets FAMILY/NAME.py and what its _base_ names',
    )
    args = parser.parse_args()
    if args.copy and not args.name:
        parser.error('--copy needs the NAME of a config')
    return args


def with_bases(file: Path) -> list[Path]:
    """A config file, and those that its ``_base_`` names, and theirs."""
    found = [file]
    for node in ast.parse(file.read_text(encoding='utf-8')).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == '_base_':
            names = ast.literal_eval(node.value)
            for name in [names] if isinstance(names, str) else names:
                found += with_bases((file.parent / name).resolve())
    return list(dict.fromkeys(found))


def copy(file: Path, root: Path, target: Path) -> None:
    """Copies a config and its bases; a file that differs is not replaced."""
    files = {each: target / each.relative_to(root) for each in with_bases(file)}
    for source, goal in files.items():
        if goal.exists() and goal.read_bytes() != source.read_bytes():
            raise FileExistsError(
                f'{goal} exists and differs: choose another folder, or move it away'
            )
    for source, goal in files.items():
        goal.parent.mkdir(parents=True, exist_ok=True)
        goal.write_bytes(source.read_bytes())


def main() -> int:
    args = parse_args()
    with parts_when_used():
        from mpc_mmseg.shipped_files import shipped
    root = shipped('configs').resolve()
    leaves = {file.stem: file for file in sorted(root.glob('[!_]*/*.py'))}
    if args.name is None:
        for name, file in leaves.items():
            print(f'{file.parent.name}/{name}')
        return 0
    name = Path(args.name).name.removesuffix('.py')
    prog = Path(sys.argv[0]).name
    if name not in leaves:
        similar = [leaf for leaf in leaves if name in leaf][:3]
        similar = similar or get_close_matches(name, leaves, n=3)
        hint = f'; did you mean {" or ".join(similar)}?' if similar else ''
        print(f'{prog}: no config {args.name} in {root}{hint}', file=sys.stderr)
        return 2
    file = leaves[name]
    if not args.copy:
        print(f'# {file}\n{file.read_text(encoding="utf-8")}', end='')
        return 0
    try:
        copy(file, root, Path(args.copy))
    except OSError as error:
        print(f'{prog}: {error}', file=sys.stderr)
        return 2
    print(Path(args.copy) / file.relative_to(root))
    return 0


if __name__ == '__main__':
    sys.exit(main())
