"""Images per second of a config's training pipeline, and its slowest stages.

    python tools/analysis_tools/benchmark_data.py [CONFIG] [--json FILE]

Generates pictures of the sizes below (gradients and noise with the spectrum of
photographs), JPEG of quality 95 with a PNG mask each, in a temporary folder, and runs
the training pipeline of the config on them: in this process on one thread, like a
worker, with a table of the stages; and with --workers through a data loader.

    casia         384 x 256, as in CASIA
    12mp          4000 x 3000
    12mp-reduced  the same, decoded by LoadForgeryImage(reduce_to=(512, 512))
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

CASES = {'casia': (256, 384), '12mp': (3000, 4000), '12mp-reduced': (3000, 4000)}
DEFAULT = Path(__file__).parents[2] / 'configs/_base_/datasets/folders_augmented.py'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'config', nargs='?', default=str(DEFAULT), help='default: the released list'
    )
    parser.add_argument(
        '--cases', nargs='+', choices=CASES, default=list(CASES), help='default: all'
    )
    parser.add_argument(
        '--seconds', type=float, default=10.0, help='per case; default 10'
    )
    parser.add_argument(
        '--workers', type=int, default=0, help='also through a loader with so many'
    )
    parser.add_argument('--seed', type=int, default=0, help='default 0')
    parser.add_argument('--json', help='also write the numbers to this file')
    return parser.parse_args()


def make_pictures(folder: Path, size: tuple[int, int], count: int) -> None:
    """Write images/ and masks/ of some pictures of a size (H, W)."""
    import cv2
    import numpy as np

    rng = np.random.default_rng(0)
    height, width = size
    for name in ('images', 'masks'):
        (folder / name).mkdir(parents=True)
    for i in range(count):
        picture = np.full((height, width, 3), 110, np.float32)
        octave = 2
        while octave <= max(size):
            grid = min(height, octave), min(width, octave), 3
            noise = rng.normal(0, 90 / octave**0.6, grid).astype(np.float32)
            picture += cv2.resize(noise, (width, height))
            octave *= 2
        picture += rng.normal(0, 5, picture.shape)  # a sensor's noise
        picture = np.clip(picture, 0, 255).astype(np.uint8)
        mask = np.zeros(size, np.uint8)
        centre = rng.uniform(0.3, 0.7, 2) * (width, height)
        cv2.ellipse(
            mask, (centre.astype(int).tolist(), (width // 3, height // 3), 30), 255, -1
        )
        quality = [cv2.IMWRITE_JPEG_QUALITY, 95]
        cv2.imwrite(str(folder / f'images/{i}.jpg'), picture, quality)
        cv2.imwrite(str(folder / f'masks/{i}.png'), mask)


def build_dataset(config: str, folder: Path, reduced: bool):
    from mmengine.config import Config
    from mmseg.registry import DATASETS

    pipeline = Config.fromfile(config).train_dataloader.dataset.pipeline
    for step in pipeline:
        if reduced and step.type == 'LoadForgeryImage':
            step.reduce_to = (512, 512)
        if reduced and step.type == 'LoadForgeryMask':
            step.size = 'image'
    prefix = dict(img_path='images', seg_map_path='masks')
    return DATASETS.build(
        dict(
            type='ForgeryDataset',
            data_root=str(folder),
            data_prefix=prefix,
            pipeline=pipeline,
        )
    )


def measure(dataset, seconds: float, seed: int) -> dict:
    """Run the pipeline in this process for some seconds."""
    import numpy as np
    from stage_times import watch_stages

    for i in range(len(dataset)):  # fills the file cache of the system
        dataset[i]
    stages = watch_stages(dataset.pipeline)
    np.random.seed(seed)
    count, begin = 0, time.perf_counter()
    while (spent := time.perf_counter() - begin) < seconds:
        dataset[count % len(dataset)]
        count += 1
    rows = [
        dict(stage=s.name, per_image_ms=1e3 * s.seconds / count, calls=s.calls / count)
        for s in stages
    ]
    rest = spent - sum(s.seconds for s in stages)
    rows.append(dict(stage='rest', per_image_ms=1e3 * rest / count, calls=1.0))
    return dict(images=count, images_per_second=count / spent, stages=rows)


def measure_loader(dataset, workers: int, seconds: float, seed: int) -> float:
    """Images per second through a data loader with batches of four."""
    from mmengine.runner import Runner

    loader = Runner.build_dataloader(
        dict(
            batch_size=4,
            num_workers=workers,
            persistent_workers=True,
            dataset=dataset,
            sampler=dict(type='InfiniteSampler', shuffle=True),
        ),
        seed=seed,
    )
    batches = iter(loader)
    for _ in range(2 * workers + 2):  # prefetched by the workers at their start
        next(batches)
    count, begin = 0, time.perf_counter()
    while (spent := time.perf_counter() - begin) < seconds:
        count += len(next(batches)['inputs'])
    return count / spent


def report(case: str, found: dict, workers: int) -> None:
    height, width = CASES[case]
    print(f'\n{case}: {width} x {height}, {found["images"]} images')
    print(f'{found["images_per_second"]:.1f} images per second in one process')
    if workers:
        rate = found['loader_images_per_second']
        print(f'{rate:.1f} with {workers} workers, {rate / workers:.1f} each')
    print(f'  {"stage":<26}{"ms per image":>13}{"share run":>11}{"ms per run":>12}')
    for row in found['stages']:
        each = row['per_image_ms'] / row['calls'] if row['calls'] else 0.0
        print(
            f'  {row["stage"]:<26}{row["per_image_ms"]:>13.2f}'
            f'{row["calls"]:>10.1%}{each:>12.2f}'
        )


def main() -> None:
    args = parse_args()
    import cv2
    import torch
    from mmengine.registry import init_default_scope

    import mpc_mmseg  # noqa: F401 - registers the plugin

    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    init_default_scope('mmseg')
    result: dict = dict(config=args.config, workers=args.workers, cases={})
    with tempfile.TemporaryDirectory() as root:
        for case in args.cases:
            folder = Path(root) / '{}x{}'.format(*CASES[case])
            if not folder.exists():
                make_pictures(folder, CASES[case], 64 if case == 'casia' else 3)
            reduced = case.endswith('reduced')
            dataset = build_dataset(args.config, folder, reduced)
            found = measure(dataset, args.seconds, args.seed)
            if args.workers:
                dataset = build_dataset(args.config, folder, reduced)
                found['loader_images_per_second'] = measure_loader(
                    dataset, args.workers, args.seconds, args.seed
                )
            report(case, found, args.workers)
            result['cases'][case] = found
    if args.json:
        Path(args.json).write_text(json.dumps(result, indent=2))


if __name__ == '__main__':
    main()
