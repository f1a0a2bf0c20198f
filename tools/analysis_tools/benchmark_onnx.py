"""Time of a forward pass by onnxruntime against PyTorch, on the CPU.

    python tools/analysis_tools/benchmark_onnx.py --json onnx.json

All run the same network with seeded random weights, batch 1, float32: PyTorch eagerly
in inference mode, channels-last, as tools/infer.py does; onnxruntime the exported file.
Each is timed in a process of its own; the best of the repetitions counts.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mpc_mmseg.apis.export.onnx_export import FORMAT, export_onnx
from mpc_mmseg.apis.inference.onnx_engine import OnnxEngine
from mpc_mmseg.models.segmentors import MPCSegmentor

MODELS_DIR = Path(__file__).parents[2] / 'configs/_base_/models'
RUNNERS = ('eager', 'onnxruntime')
DESCRIPTION = dict(
    format=FORMAT, resize=None, channel_order='RGB', mean=[0, 0, 0], std=[1, 1, 1],
    pad_value=0, size_divisor=1, threshold=0.5, calibration=None, pipeline=[],
    data_preprocessor=dict(type='SegDataPreProcessor'),
)  # fmt: skip


def build(name: str) -> MPCSegmentor:
    """A model of configs/_base_/models with weights drawn from a fixed seed."""
    init_default_scope('mmseg')
    torch.manual_seed(0)
    cfg = Config.fromfile(MODELS_DIR / f'{name}.py').model
    cfg.phase = 'localize'
    cfg.backbone.pop('init_cfg', None)
    return MODELS.build(cfg).eval()


def measure(args: argparse.Namespace) -> float:
    """Best time in seconds of one runner."""
    image = torch.rand(1, 3, args.size, args.size)
    if args.runner != 'onnxruntime':
        model = build(args.models[0])
        run: Callable[[], object] = torch.inference_mode()(
            lambda: model._forward(image).sigmoid()
        )
    else:
        engine = OnnxEngine(args.file, 'cpu', args.threads)
        pixels = image.numpy()

        def run() -> None:
            engine.run(pixels)

    times = []
    for _ in range(args.repeats + 1):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times[1:])


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--models',
        nargs='+',
        default=['mpc_hrnet_w18', 'mpc_hrformer_small', 'mpc_hrformer_base'],
        help='names of files in configs/_base_/models',
    )
    parser.add_argument('--size', type=int, default=512, help='side of the image')
    parser.add_argument('--repeats', type=int, default=5, help='after one to warm up')
    parser.add_argument('--threads', type=int, default=torch.get_num_threads())
    parser.add_argument('--json', metavar='FILE', help='write the figures')
    parser.add_argument('--runner', choices=RUNNERS, help=argparse.SUPPRESS)
    parser.add_argument('--file', help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    torch.set_num_threads(args.threads)
    if args.runner:
        print(measure(args))
        return
    rows: dict[str, dict[str, float]] = {}
    print(f'{args.size}x{args.size}, {args.threads} threads, torch {torch.__version__}')
    print('| model | eager s | onnxruntime s | of eager | largest difference |')
    print('|---|---|---|---|---|')
    with tempfile.TemporaryDirectory() as folder:
        for name in args.models:
            file = f'{folder}/{name}.onnx'
            error = export_onnx(build(name), DESCRIPTION, file)
            row = rows[name] = {'difference': error}
            for runner in RUNNERS:
                child = [sys.executable, __file__, '--models', name, '--file', file]
                child += ['--runner', runner, '--size', str(args.size)]
                child += ['--threads', str(args.threads)]
                child += ['--repeats', str(args.repeats)]
                done = subprocess.run(child, check=True, stdout=subprocess.PIPE)
                row[runner] = float(done.stdout.splitlines()[-1])
            eager, onnx = (row[runner] for runner in RUNNERS)
            print(
                f'| {name} | {eager:.3f} | {onnx:.3f} | {onnx / eager:.2f} '
                f'| {error:.1e} |',
                flush=True,
            )
    if args.json:
        figures = {'size': args.size, 'threads': args.threads, 'models': rows}
        Path(args.json).write_text(json.dumps(figures, indent=2), encoding='utf-8')


if __name__ == '__main__':
    main()
