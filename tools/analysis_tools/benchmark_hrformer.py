"""Time and memory of HRFormer against a plain implementation of the same equations.

    python tools/analysis_tools/benchmark_hrformer.py --out hrformer.json

The plain one has separate projections, einsum attention, a softmax in memory, tokens
copied into windows, torch's own convolutions and resizing, and the default layout; it
gets the same weights, and both must give the same logits. Forward: eval mode, with
BatchNorm folded. Step: forward and backward in training mode, batch 1. Times: the two
take turns in one process that keeps freed memory, as tools/train.py does; medians. With
--as-run each is also timed in a process of its own: the plain one as torch and glibc
come, ours with freed memory kept. Memory is what a first call adds at most to the
resident size of a fresh process, gradients included.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable

import torch
from fresh_process import Measured, median_seconds, peak_mib
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.models.backbones.hrnet import HRNet
from mmseg.registry import MODELS
from plain_hrformer import PlainBlock, PlainHead
from torch import nn

from mpc_mmseg.apis.inference.fold_batch_norm import fold_batch_norm
from mpc_mmseg.engine.kept_memory import keep_freed_memory
from mpc_mmseg.models.backbones.hrformer_block import HRFormerBlock
from mpc_mmseg.models.dense_conv import DenseConv

KINDS = ('plain', 'ours')
TASKS = ('forward', 'step')


def build(config: str, kind: str) -> nn.Module:
    """The network of a config, ours or plain, with weights drawn from a fixed seed."""
    init_default_scope('mmseg')
    torch.manual_seed(0)
    cfg = Config.fromfile(config).model
    cfg.phase = 'supervised'
    cfg.channels_last = kind == 'ours'
    model = MODELS.build(cfg)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    if kind == 'plain':
        for module in model.modules():
            if isinstance(module, DenseConv):
                module.__class__ = nn.Conv2d
        for name, module in list(model.named_modules()):
            if isinstance(module, HRFormerBlock):
                parent, _, key = name.rpartition('.')
                setattr(model.get_submodule(parent), key, PlainBlock(module))
        model.decode_head = PlainHead(model.decode_head)
        # Ours turns the images to channels-last first.
        model.backbone.forward = lambda x: HRNet.forward(model.backbone, x)
    return model


def prepare(task: str, kind: str, config: str, size: int) -> Callable[[], object]:
    """One task of one implementation, ready to be measured."""
    model = build(config, kind)
    image = torch.rand(1, 3, size, size)
    if task == 'forward':
        model = model.eval()
        if kind == 'ours':
            model = fold_batch_norm(model)
        return torch.inference_mode()(lambda: model._forward(image))
    model.train()

    def step() -> None:
        model.zero_grad()
        model._forward(image).mean().backward()

    return step


def prepare_as_run(
    task: str, kind: str, config: str, size: int
) -> Callable[[], object]:
    """`prepare` in a process of its own, where only ours keeps freed memory."""
    if kind == 'ours':
        keep_freed_memory()
    return prepare(task, kind, config, size)


@torch.no_grad()
def difference(args: argparse.Namespace) -> float:
    """Largest difference of the logits, relative to the largest logit."""
    image = torch.rand(1, 3, args.size, args.size)
    expected = build(args.config, 'plain').eval()._forward(image)
    logits = fold_batch_norm(build(args.config, 'ours').eval())._forward(image)
    return float((logits - expected).abs().max() / expected.abs().max())


def seconds(task: str, args: argparse.Namespace) -> dict[str, float]:
    """Median time of one task by each implementation, which take turns."""
    runs = {kind: prepare(task, kind, args.config, args.size) for kind in KINDS}
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(args.repeats + 1):
        for kind, run in runs.items():
            start = time.perf_counter()
            run()
            times[kind].append(time.perf_counter() - start)
    return {kind: statistics.median(row[1:]) for kind, row in times.items()}


def peak(task: str, args: argparse.Namespace) -> dict[str, float]:
    """Peak memory of one task by each implementation, MiB."""
    return {
        kind: peak_mib(prepare, (task, kind, args.config, args.size), args.threads)
        for kind in KINDS
    }


def as_run(task: str, args: argparse.Namespace) -> dict[str, float]:
    """Median time of one task by each implementation, in a process of its own."""
    return {
        kind: median_seconds(
            prepare_as_run,
            (task, kind, args.config, args.size),
            args.repeats,
            args.threads,
        )
        for kind in KINDS
    }


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--config', default='configs/_base_/models/mpc_hrformer_base.py'
    )
    parser.add_argument('--size', type=int, default=512, help='side of the image')
    parser.add_argument('--repeats', type=int, default=3, help='after one to warm up')
    parser.add_argument('--threads', type=int, default=torch.get_num_threads())
    parser.add_argument('--tasks', nargs='+', choices=TASKS, default=TASKS)
    parser.add_argument('--no-memory', action='store_true', help='times alone')
    parser.add_argument(
        '--as-run',
        action='store_true',
        help='also time each in a process of its own, the plain one with defaults',
    )
    parser.add_argument('--out', metavar='FILE', help='write the figures as JSON')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    torch.set_num_threads(args.threads)
    # While this process is small: a new one begins with the peak of its parent.
    peaks = {} if args.no_memory else {task: peak(task, args) for task in args.tasks}
    error = difference(args)
    if not error < 1e-4:
        sys.exit(f'the implementations differ by {error:.1e} of the largest logit')
    print(f'{args.size}x{args.size}, {args.threads} threads, torch {torch.__version__}')
    print(f'logits differ by {error:.1e} of the largest')
    print('| task | plain s | ours s | ratio | plain MiB | ours MiB | ratio |')
    print('|---|---|---|---|---|---|---|', flush=True)
    rows: dict[str, dict[str, Measured]] = {}
    keep_freed_memory()
    for task in args.tasks:
        rows[task] = {
            kind: Measured(median, peaks[task][kind] if peaks else float('nan'))
            for kind, median in seconds(task, args).items()
        }
        plain, ours = rows[task]['plain'], rows[task]['ours']
        # What stays below the peak of building the network adds nothing.
        memory = ours.peak_mib / plain.peak_mib if plain.peak_mib else float('nan')
        print(
            f'| {task} | {plain.seconds:.2f} | {ours.seconds:.2f} '
            f'| {ours.seconds / plain.seconds:.2f} | {plain.peak_mib:.0f} '
            f'| {ours.peak_mib:.0f} | {memory:.2f} |',
            flush=True,
        )
    apart: dict[str, dict[str, float]] = {}
    if args.as_run:
        print('\nin processes of their own; ours keeps freed memory, plain by default')
        print('| task | plain s | ours s | ratio |')
        print('|---|---|---|---|', flush=True)
        for task in args.tasks:
            apart[task] = times = as_run(task, args)
            print(
                f'| {task} | {times["plain"]:.2f} | {times["ours"]:.2f} '
                f'| {times["ours"] / times["plain"]:.2f} |',
                flush=True,
            )
    if args.out:
        with open(args.out, 'w', encoding='utf-8') as file:
            json.dump(
                {
                    'size': args.size,
                    'threads': args.threads,
                    'torch': torch.__version__,
                    'logit_difference': error,
                    'tasks': {
                        task: {kind: m._asdict() for kind, m in row.items()}
                        for task, row in rows.items()
                    },
                    'seconds_as_run': apart,
                },
                file,
                indent=2,
            )


if __name__ == '__main__':
    main()
