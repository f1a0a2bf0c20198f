"""Write a list file for a data set as it is distributed.

    python tools/dataset_converters/to_protocol.py columbia ROOT --out columbia.txt
    python tools/dataset_converters/to_protocol.py --layouts

ROOT is the folder in which the data set's archives were unpacked. The list's paths
start at ROOT: ForgeryDataset(ann_file=LIST, data_root=ROOT). Masks that are coloured,
inverted or in several files are decoded and written as PNG to ROOT/decoded_masks
(--masks-to), the others stay where they are. Missing files are listed by name.

Exit status: 0 the data set is complete; 1 the list was written, but files are missing
or unusable; 2 nothing was written.
"""

import argparse
import inspect
import sys
from pathlib import Path


def parse_args() -> argparse.Namespace:
    from mmengine.config import DictAction

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('layout', nargs='?', help='name of the data set; see --layouts')
    parser.add_argument(
        'root', nargs='?', type=Path, help='folder in which it was unpacked'
    )
    parser.add_argument(
        '--out', type=Path, help='the list file; default ROOT/LAYOUT.txt'
    )
    parser.add_argument('--layouts', action='store_true', help='show the known layouts')
    parser.add_argument(
        '--part',
        choices=['forged', 'authentic', 'all'],
        default='forged',
        help='which images to list; default %(default)s',
    )
    parser.add_argument(
        '--select',
        type=Path,
        help='text file of image names, one per line; other forged images are left out',
    )
    parser.add_argument(
        '--masks-to', type=Path, help='folder of decoded masks; ROOT/decoded_masks'
    )
    parser.add_argument(
        '--resize-masks',
        action='store_true',
        help='resize masks whose size differs from that of their image; otherwise '
        'these images are left out and listed',
    )
    parser.add_argument(
        '--layout-options',
        nargs='+',
        action=DictAction,
        default={},
        metavar='NAME=VALUE',
        help='options of the layout, such as quality=75 for autosplice',
    )
    parser.add_argument(
        '--name', help='name of the protocol; default: that of the file'
    )
    parser.add_argument('--version', default='1', help='its version; default 1')
    parser.add_argument('--workers', type=int, default=2, help='default %(default)s')
    args = parser.parse_args()
    if not args.layouts and (args.layout is None or args.root is None):
        parser.error('LAYOUT and ROOT are required; --layouts shows the layouts')
    return args


def show_layouts() -> None:
    from mpc_mmseg.datasets.layouts import LAYOUTS

    for name, factory in LAYOUTS.items():
        summary = (inspect.getdoc(factory) or '').split('\n\n')[0].replace('\n', ' ')
        print(f'{name:14} {summary}')
        for option in inspect.signature(factory).parameters.values():
            required = option.default is option.empty
            value = 'required' if required else repr(option.default)
            print(f'{"":14}   {option.name}: {value}')


def main() -> int:
    args = parse_args()
    if args.layouts:
        show_layouts()
        return 0
    from rich.console import Console
    from rich.progress import Progress

    from mpc_mmseg.datasets.layouts import build_layout
    from mpc_mmseg.datasets.layouts.conversion import convert
    from mpc_mmseg.datasets.lists.list_file import ListHeader, write_list
    from mpc_mmseg.plain_text import print_error

    try:
        layout = build_layout(args.layout, args.layout_options)
        names = None
        if args.select is not None:
            lines = args.select.read_text(encoding='utf-8').split('\n')
            names = [line.strip() for line in lines if line.strip()]
        with Progress(console=Console(stderr=True)) as bar:
            images = bar.add_task('images', total=None)
            done = convert(
                layout,
                args.root,
                args.masks_to or args.root / 'decoded_masks',
                part=args.part,
                select=names,
                resize_masks=args.resize_masks,
                workers=args.workers,
                on_start=lambda number: bar.update(images, total=number),
                on_sample=lambda: bar.advance(images),
            )
        if not done.entries:
            raise ValueError(f'nothing to list\n{done.report()}')
        out = args.out or args.root / f'{layout.name}.txt'
        header = ListHeader(args.name or out.stem, args.version)
        about = f'{layout.title}, {args.part} images, options {args.layout_options}'
        problems = f'{len(done.missing)} missing, {len(done.unusable)} unusable'
        write_list(out, done.entries, [about, problems], header)
    except (ValueError, OSError) as error:
        print_error('to_protocol', error)
        return 2
    print(f'{out}: {layout.title}, {done.report()}')
    if layout.scored is not None and len(done.entries) != layout.scored:
        print(
            f'The MPC paper uses {layout.scored} of its images, without a published '
            'list; if you have one, pass it with --select.'
        )
    return 0 if done.complete else 1


if __name__ == '__main__':
    sys.exit(main())
