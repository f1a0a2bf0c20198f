"""Split a folder of forgeries into train, val and test.txt by source photograph.

    python tools/dataset_converters/split_by_source.py DATA_ROOT \\
        --source-pattern '([a-z]{3})_?([0-9]{4})'

DATA_ROOT contains images/ (forged), masks/ (same stem) and, optionally, authentic/.
Images whose names share a source go to the same list. Without a pattern every image is
its own source. val.txt is for selecting the checkpoint, test.txt for the scores; with
--test-share 0 there is no test.txt, for tests on other data. Authentic images go to
both; they go to train.txt only with --train-authentic, since the contrast needs forged
pixels.
"""

import argparse
import os
import os.path as osp
import sys


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('data_root', help='folder with images/, masks/, authentic/')
    parser.add_argument('--out', help='folder of the lists; default DATA_ROOT')
    parser.add_argument(
        '--source-pattern',
        help='regular expression whose matches in a name are its sources',
    )
    parser.add_argument('--val-share', type=float, default=0.1, help='default 0.1')
    parser.add_argument(
        '--test-share', type=float, default=0.1, help='default 0.1; 0: no test.txt'
    )
    parser.add_argument('--seed', type=int, default=0, help='default 0')
    parser.add_argument(
        '--train-authentic', action='store_true', help='train on authentic images, too'
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from mpc_mmseg.datasets import ForgeryDataset
    from mpc_mmseg.datasets.lists.list_file import ListHeader, write_list
    from mpc_mmseg.datasets.lists.source_split import (
        connected_groups,
        source_ids,
        split_groups,
    )

    prefix = dict(img_path='images', seg_map_path='masks')
    if osp.isdir(osp.join(args.data_root, 'authentic')):
        prefix['authentic_path'] = 'authentic'
    dataset = ForgeryDataset(data_root=args.data_root, data_prefix=prefix)
    # The data set paired images and masks; lists contain paths below the root.
    root = osp.abspath(args.data_root)
    masks: dict[str, str | None] = {}
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        mask = info['seg_map_path']
        masks[osp.relpath(osp.abspath(info['img_path']), root)] = mask and osp.relpath(
            osp.abspath(mask), root
        )
    sources = {
        image: source_ids(osp.splitext(osp.basename(image))[0], args.source_pattern)
        for image in masks
    }
    shares = {'val': args.val_share, 'test': args.test_share}
    if not args.test_share:
        del shares['test']
    try:
        sides = split_groups(connected_groups(sources), shares, args.seed)
    except ValueError as error:
        sys.exit(str(error))
    if not args.train_authentic:
        sides['train'] = [image for image in sides['train'] if masks[image]]
    if bare := [
        side for side, names in sides.items() if not any(map(masks.get, names))
    ]:
        sys.exit(
            f'no forged image for {", ".join(bare)} with seed {args.seed} and shares '
            f'of {shares}: set larger shares or another seed'
        )
    out = args.out or args.data_root
    os.makedirs(out, exist_ok=True)
    made = f'source pattern {args.source_pattern}, shares {shares}'
    for name, images in sides.items():
        forged = sum(masks[image] is not None for image in images)
        header = ListHeader(f'{osp.basename(root)}-{name}', f'seed {args.seed}')
        # Without a pattern the name does not identify a source photograph.
        entries = [
            (image, masks[image], sorted(sources[image]) if args.source_pattern else ())
            for image in images
        ]
        path = osp.join(out, f'{name}.txt')
        write_list(path, entries, [made], header)
        print(
            f'{path}: {forged} forged and {len(images) - forged} authentic images, '
            f'{made}, seed {args.seed}'
        )


if __name__ == '__main__':
    main()
