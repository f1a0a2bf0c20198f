"""Measure how fast ForgeOnTheFly makes forgeries, in one process with one thread.

python tools/analysis_tools/benchmark_forge.py PHOTOS --size 512 512 --count 60
"""

import argparse
import time
from collections import defaultdict

import cv2
import numpy as np


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('photographs', help='a folder of authentic photographs')
    parser.add_argument('--size', nargs=2, type=int, default=[512, 512])
    parser.add_argument('--count', type=int, default=60, help='default %(default)s')
    parser.add_argument('--preset', default='varied', help='default %(default)s')
    parser.add_argument('--seed', type=int, default=0, help='default %(default)s')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from mpc_mmseg.datasets import ForgeOnTheFly
    from mpc_mmseg.datasets.io.image_io import read_image

    cv2.setNumThreads(1)
    fly = ForgeOnTheFly(
        dict(
            type='ForgeryDataset',
            data_root=args.photographs,
            data_prefix=dict(authentic_path='.'),
        ),
        preset=args.preset,
        size=tuple(args.size),
    )
    np.random.seed(args.seed)
    fly[0]
    paths = [fly.get_data_info(index)['img_path'] for index in range(len(fly))]
    begin = time.perf_counter()
    for path in paths:
        read_image(path)
    reading = (time.perf_counter() - begin) / len(paths)

    spent = defaultdict(list)
    for number in range(args.count):
        begin = time.perf_counter()
        kind = fly[number % len(fly)]['forgery_kind']
        spent[kind].append(time.perf_counter() - begin)
    total = sum(map(sum, spent.values()))
    height, width = args.size
    print(
        f'{height}x{width}: {args.count / total:.1f} images per second; reading a '
        f'photograph takes {1000 * reading:.0f} ms'
    )
    for kind, seconds in sorted(spent.items()):
        print(f'  {kind}: {1000 * np.mean(seconds):.0f} ms, {len(seconds)} images')


if __name__ == '__main__':
    main()
