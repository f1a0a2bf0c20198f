"""Time of an epoch of phase 2 with and without stored embeddings.

    python tools/analysis_tools/benchmark_cached.py --json cached.json

Trains with the actual runner, data loading included, on generated pictures, each
variant in a separate process. The first epoch, which stores the embeddings, is reported
separately; of the later ones the median.
  frozen    backbone and projection run for each draw
  cached    CachedFeaturesHook: no image is decoded from the second epoch on
  products  the matrix products of the head's convolutions alone, which both have
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmark_frozen import products

VARIANTS = ('frozen', 'cached', 'products')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--config',
        default='configs/_base_/models/mpc_hrnet_w18.py',
        help='config with the model; its pretrained weights are not loaded',
    )
    parser.add_argument('--size', type=int, default=256, help='height and width')
    parser.add_argument(
        '--picture',
        type=int,
        nargs=2,
        metavar=('W', 'H'),
        default=(384, 256),
        help='size of the JPEG files and their masks',
    )
    parser.add_argument('--batch', type=int, default=8, help='images of a step')
    parser.add_argument('--images', type=int, default=32, help='images of an epoch')
    parser.add_argument('--epochs', type=int, default=3, help='epochs, at least 2')
    parser.add_argument(
        '--hidden', type=int, nargs='+', help="widths of the head's stack"
    )
    parser.add_argument('--json', help='write the figures as JSON')
    parser.add_argument('--variant', choices=VARIANTS, help=argparse.SUPPRESS)
    return parser.parse_args()


def make_pictures(root: Path, count: int, size: tuple[int, int]) -> None:
    """JPEG photographs of a width and height with noise, and masks."""
    import cv2
    import numpy as np

    rng = np.random.default_rng(0)
    for name in ('images', 'masks'):
        (root / name).mkdir()
    width, height = size
    mask = np.zeros((height, width), np.uint8)
    mask[height // 4 : height * 5 // 8, width // 5 : width // 2] = 255
    for i in range(count):
        image = cv2.resize(rng.integers(0, 255, (16, 24, 3), np.uint8), (width, height))
        image = np.clip(image + rng.normal(0, 5, image.shape), 0, 255)
        cv2.imwrite(str(root / f'images/{i}.jpg'), image.astype(np.uint8))
        cv2.imwrite(str(root / f'masks/{i}.png'), mask)


def run_config(args: argparse.Namespace, root: Path):
    """Config of a localize run on the pictures, on random weights."""
    import torch
    from mmengine.config import Config
    from mmseg.registry import MODELS

    model = Config.fromfile(args.config).model
    model.phase = 'localize'
    model.backbone.pop('init_cfg', None)
    if args.hidden:
        model.decode_head.hidden_channels = tuple(args.hidden)
    torch.manual_seed(0)
    torch.save(dict(state_dict=MODELS.build(model).state_dict()), root / 'random.pth')
    pipeline = [
        dict(type='LoadForgeryImage'),
        dict(type='LoadForgeryMask'),
        dict(type='Resize', scale=(args.size, args.size)),
        dict(type='PackForgeryInputs'),
    ]
    steps = args.images // args.batch
    adam = dict(optimizer=dict(type='AdamW', lr=1e-3))
    return Config(
        dict(
            default_scope='mmseg',
            work_dir=str(root / 'work'),
            model=model,
            train_dataloader=dict(
                batch_size=args.batch,
                num_workers=0,
                sampler=dict(type='InfiniteSampler', shuffle=True),
                dataset=dict(
                    type='ForgeryDataset',
                    data_root=str(root),
                    data_prefix=dict(img_path='images', seg_map_path='masks'),
                    pipeline=pipeline,
                ),
            ),
            train_cfg=dict(type='PhaseTrainLoop'),
            optim_wrapper=dict(type='OptimWrapper'),
            localize_phase=dict(max_iters=steps * args.epochs, optim_wrapper=adam),
            default_hooks=dict(checkpoint=None),
            custom_hooks=[dict(type='TwoPhaseHook')],
            load_from=str(root / 'random.pth'),
            log_level='WARNING',
            randomness=dict(seed=0),
        ),
        format_python_code=False,
    )


def measure(args: argparse.Namespace) -> list[float]:
    """Seconds of each epoch, in this process."""
    from mmengine.hooks import Hook
    from mmengine.registry import init_default_scope
    from mmengine.runner import Runner

    import mpc_mmseg  # noqa: F401 - registers the plugin

    class Clock(Hook):
        """Records the end of each epoch."""

        def __init__(self) -> None:
            self.times: list[float] = []

        def before_train_epoch(self, runner) -> None:
            self.times.append(time.perf_counter())

        def after_train_iter(self, runner, *args_, **kwargs) -> None:
            if (runner.iter + 1) % (args.images // args.batch) == 0:
                self.times.append(time.perf_counter())

    init_default_scope('mmseg')
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_pictures(root, args.images, args.picture)
        cfg = run_config(args, root)
        if args.variant == 'cached':
            cfg.custom_hooks.append(
                dict(type='CachedFeaturesHook', folder=str(root / 'features'))
            )
        runner, clock = Runner.from_cfg(cfg), Clock()
        if args.variant == 'products':
            side = args.size // 4
            step = products(runner.model.decode_head, args.batch * side * side)
            for _ in range(args.epochs + 1):
                clock.times.append(time.perf_counter())
                for _ in range(args.images // args.batch):
                    step()
        else:
            runner.register_hook(clock)
            runner.train()
    return [b - a for a, b in zip(clock.times, clock.times[1:])]


def main() -> None:
    args = parse_args()
    if args.images % args.batch or args.epochs < 2:
        sys.exit('--images must be a multiple of --batch, --epochs at least 2')
    if args.variant:
        print('\nRESULT', json.dumps(measure(args)))
        return
    results = {}
    for variant in VARIANTS:
        done = subprocess.run(
            [sys.executable, *sys.argv, '--variant', variant],
            capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            sys.exit(done.stderr)
        line = [x for x in done.stdout.splitlines() if x.startswith('RESULT')][-1]
        results[variant] = json.loads(line.removeprefix('RESULT'))
    base = statistics.median(results['frozen'][1:])
    print('| epoch | first, s | later, s | times as fast |')
    print('|---|---|---|---|')
    for variant, (first, *later) in results.items():
        seconds = statistics.median(later)
        print(f'| {variant} | {first:.2f} | {seconds:.2f} | {base / seconds:.1f} |')
    if args.json:
        with open(args.json, 'w') as file:
            json.dump(dict(arguments=vars(args), results=results), file, indent=1)


if __name__ == '__main__':
    main()
