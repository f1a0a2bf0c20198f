"""Generate synthetic forgeries with masks from authentic photographs.

    python tools/dataset_converters/make_forgeries.py PHOTOS --out DATA_ROOT --count 400

writes a data set that the configs for a user's own folders read: images/ (forged),
masks/, authentic/ (with --authentic), list.txt with the photographs and the kind of
each image, and forgeries.jsonl with all parameters. The same seed gives the same
images. An interrupted run is resumed from DATA_ROOT.partial; a finished set is left
unchanged.
"""

import argparse
import sys
from functools import partial
from pathlib import Path

import cv2
from mmengine.config import DictAction
from rich.console import Console
from rich.progress import Progress

from mpc_mmseg.datasets.forge import ALL_KINDS, PRESETS, override
from mpc_mmseg.datasets.forge.forgery_folder import make_forgeries
from mpc_mmseg.datasets.forge.forgery_set import ForgerySet
from mpc_mmseg.plain_text import print_error
from mpc_mmseg.visualization.forgery_gallery import write_gallery


def parse_args() -> argparse.Namespace:
    kinds = [kind.replace('_', '-') for kind in ALL_KINDS]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'photographs',
        nargs='+',
        type=Path,
        help='folders of authentic photographs, read with their sub-folders',
    )
    parser.add_argument(
        '--out', required=True, type=Path, help='the data set folder to write'
    )
    parser.add_argument(
        '--count', required=True, type=int, help='number of forged images'
    )
    parser.add_argument(
        '--authentic',
        type=int,
        default=0,
        help='number of authentic images, each with a single noise and compression '
        'history; default %(default)s',
    )
    parser.add_argument(
        '--size',
        nargs=2,
        type=int,
        default=[256, 256],
        metavar=('H', 'W'),
        help='height and width of every image; larger photographs are cropped at '
        'random; default 256 256',
    )
    parser.add_argument(
        '--downscale',
        nargs=2,
        type=float,
        default=[0.5, 1.0],
        metavar=('LOW', 'HIGH'),
        help='photographs are first downscaled by a factor from this range, as far as '
        'the crop allows; default 0.5 1.0',
    )
    parser.add_argument(
        '--kinds',
        nargs='+',
        choices=kinds,
        help="kinds of forgery, used alternately; default the preset's",
    )
    parser.add_argument(
        '--preset',
        choices=sorted(PRESETS),
        default='natural',
        help='demo has strong traces, natural (the default) subtle ones; varied has '
        'more kinds and ways of blending, realistic is for original camera files',
    )
    parser.add_argument(
        '--patches',
        nargs='+',
        type=Path,
        default=[],
        help='folders of AI-generated pictures, for the kind ai-patch',
    )
    parser.add_argument(
        '--gallery',
        action='store_true',
        help='also write OUT/gallery.html, a page of samples',
    )
    parser.add_argument(
        '--recipe-options',
        nargs='+',
        action=DictAction,
        default={},
        metavar='NAME=VALUE',
        help='values that replace those of the preset, such as area_range=0.05,0.2 '
        'part.noise_sigma=0,1 final_jpeg_probability=0.5 (names: ForgeRecipe and '
        'HistoryRanges in mpc_mmseg/datasets/forge/recipe.py)',
    )
    parser.add_argument(
        '--format',
        choices=['png', 'jpg'],
        default='png',
        help='png (the default) is lossless, jpg compresses at quality 95',
    )
    parser.add_argument('--seed', type=int, default=0, help='default %(default)s')
    parser.add_argument(
        '--workers',
        type=int,
        default=1,
        help='threads; their number changes no pixel; default %(default)s',
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    if args.workers > 1:
        cv2.setNumThreads(1)
    try:
        recipe = override(PRESETS[args.preset], args.recipe_options)
        if args.kinds:
            kinds = [kind.replace('-', '_') for kind in dict.fromkeys(args.kinds)]
            recipe = override(recipe, {'kinds': kinds})
        wanted = ForgerySet(
            recipe=recipe,
            count=args.count,
            authentic=args.authentic,
            size=tuple(args.size),
            seed=args.seed,
            downscale=tuple(args.downscale),
            image_format=args.format,
        )
        with Progress(console=Console(stderr=True)) as bar:
            number = wanted.count + wanted.authentic
            new = make_forgeries(
                args.photographs,
                args.out,
                wanted,
                args.workers,
                partial(bar.advance, bar.add_task('images', total=number)),
                args.patches,
            )
        if args.gallery:
            print(write_gallery(args.out))
    except (ValueError, OSError) as error:
        print_error('make_forgeries', error)
        sys.exit(1)
    print(
        f'{args.out}: {wanted.count} forged and {wanted.authentic} authentic images, '
        f'{new} of them new.'
    )


if __name__ == '__main__':
    main()
