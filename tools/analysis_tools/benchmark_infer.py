"""Time of tools/infer.py from files to files, and of the network alone.

    python tools/analysis_tools/benchmark_infer.py --backends eager onnx

A network with seeded random weights predicts a folder of synthetic photographs, from
decoding to mask, 16-bit map, overlay and JSON line. In the same process, with the same
batch size and threads, the network alone runs on as many prepared images. Both are
repeated alternately, and the best time of each counts, without building the network
and one warm-up batch. Besides wall time, the CPU time of all cores is printed, which
with ``--threads 1`` is meaningful on a busy machine as well.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import Config

from mpc_mmseg.apis.export.onnx_export import describe, export_onnx
from mpc_mmseg.apis.inference.folder_inference import infer_folder
from mpc_mmseg.apis.inference.image_by_image import ImageByImage
from mpc_mmseg.apis.inference.inferencer import ForgeryInferencer
from mpc_mmseg.apis.inference.model_from_files import load_model
from mpc_mmseg.apis.inference.onnx_inferencer import OnnxInferencer

MODELS_DIR = Path(__file__).parents[2] / 'configs/_base_/models'
BACKENDS = ('eager', 'onnx')
#: (height, width) of the photographs.
SIZES = {'768x512': (512, 768), '12mp': (3000, 4000)}


def write_photographs(folder: Path, size: tuple[int, int], n: int) -> None:
    """Writes JPEG files of quality 95: gradients, coarse structure, sensor noise."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    height, width = size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    for i in range(n):
        coarse = rng.normal(0, 30, (height // 8, width // 8, 3)).astype(np.float32)
        image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        image += (127 + 80 * np.sin(x / 97 + i) * np.cos(y / 71))[..., None]
        image += rng.normal(0, 4, image.shape).astype(np.float32)
        pixels = image.clip(0, 255).astype(np.uint8)
        quality = [cv2.IMWRITE_JPEG_QUALITY, 95]
        cv2.imwrite(str(folder / f'{i}.jpg'), pixels, quality)


def write_checkpoint(name: str, side: int, file: Path) -> None:
    """Writes random weights and their config as tools/train.py would."""
    cfg = Config.fromfile(MODELS_DIR / f'{name}.py')
    cfg.default_scope = 'mmseg'
    cfg.custom_imports = dict(imports=['mpc_mmseg'])
    cfg.model.backbone.pop('init_cfg', None)
    steps = [dict(type='LoadForgeryImage'), dict(type='Resize', scale=(side, side))]
    steps.append(dict(type='PackForgeryInputs'))
    cfg.test_dataloader = dict(dataset=dict(type='ForgeryDataset', pipeline=steps))
    config = file.with_suffix('.py')
    cfg.dump(config)
    torch.manual_seed(0)
    model, _ = load_model(config, device='cpu')
    meta = {'cfg': cfg.pretty_text, 'mpc_phase': 'localize'}
    torch.save({'meta': meta, 'state_dict': model.state_dict()}, file)


def ready(backend: str, checkpoint: Path, batch_size: int) -> ImageByImage:
    """An inferencer of a back-end; exports the model if needed."""
    if not backend.startswith('onnx'):
        return ForgeryInferencer(checkpoint, device='cpu', batch_size=batch_size)
    file = checkpoint.with_suffix('.onnx')
    if not file.is_file():
        model, cfg = load_model(checkpoint, device='cpu')
        export_onnx(model, describe(model, cfg, checkpoint), file)
    return OnnxInferencer(file, 'cpu', batch_size=batch_size)


def forward_of(inferencer: ImageByImage, side: int) -> Callable[[], object]:
    """The network alone, on a batch of prepared images."""
    images = torch.rand(inferencer.batch_size, 3, side, side)
    if isinstance(inferencer, OnnxInferencer):
        pixels = images.numpy()
        return lambda: inferencer.engine.run(pixels)
    assert isinstance(inferencer, ForgeryInferencer)
    model = inferencer.model
    return torch.no_grad()(lambda: model._forward(images).sigmoid())


def seconds(run: Callable[[], object]) -> tuple[float, float]:
    """Wall time of a call, and CPU time of all cores."""
    start, work = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - start, time.process_time() - work


def measure(
    inferencer: ImageByImage, photographs: Path, n: int, repeats: int, side: int
) -> tuple[np.ndarray, np.ndarray]:
    """Seconds per image, wall and CPU: network alone, files to files."""
    forward = forward_of(inferencer, side)
    n_batches = -(-n // inferencer.batch_size)
    forward()
    alone, whole = [], []
    for _ in range(repeats):
        alone.append(seconds(lambda: [forward() for _ in range(n_batches)]))
        with tempfile.TemporaryDirectory() as out, redirect_stderr(StringIO()):
            whole.append(seconds(lambda: infer_folder(photographs, out, inferencer)))
    return np.min(alone, 0) / (n_batches * inferencer.batch_size), np.min(whole, 0) / n


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--model', default='mpc_hrnet_w18', help='of configs/_base_/models'
    )
    parser.add_argument(
        '--side', type=int, default=512, help='input size of the network'
    )
    parser.add_argument('--backends', nargs='+', choices=BACKENDS, default=BACKENDS)
    parser.add_argument('--batch-sizes', nargs='+', type=int, default=[1, 2, 4, 8])
    parser.add_argument(
        '--photographs', nargs='+', choices=tuple(SIZES), default=['768x512']
    )
    parser.add_argument('--number', type=int, default=8, help='number of photographs')
    parser.add_argument('--repeats', type=int, default=2)
    parser.add_argument('--threads', type=int, default=torch.get_num_threads())
    parser.add_argument('--json', metavar='FILE', help='write the figures')
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    torch.set_num_threads(args.threads)
    rows = []
    print(f'{args.model}, {args.side}x{args.side}, {args.threads} threads')
    print(
        '| photographs | back-end | batch | alone img/s | whole img/s | ratio ', end=''
    )
    print('| alone CPU s | whole CPU s |\n|---|---|---|---|---|---|---|---|')
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / 'model.pth'
        write_checkpoint(args.model, args.side, checkpoint)
        for size in args.photographs:
            photographs = Path(folder) / size
            write_photographs(photographs, SIZES[size], args.number)
            for backend in args.backends:
                for batch_size in args.batch_sizes:
                    inferencer = ready(backend, checkpoint, batch_size)
                    alone, whole = measure(
                        inferencer, photographs, args.number, args.repeats, args.side
                    )
                    rows.append(
                        dict(
                            photographs=size,
                            backend=backend,
                            batch_size=batch_size,
                            alone=list(alone),
                            whole=list(whole),
                        )
                    )
                    print(
                        f'| {size} | {backend} | {batch_size} | {1 / alone[0]:.2f} '
                        f'| {1 / whole[0]:.2f} | {whole[0] / alone[0]:.2f} '
                        f'| {alone[1]:.3f} | {whole[1]:.3f} |',
                        flush=True,
                    )
    if args.json:
        Path(args.json).write_text(json.dumps(rows, indent=2), encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main())
