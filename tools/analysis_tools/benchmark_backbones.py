"""Parameters, multiply-adds, time and memory of the backbones, as a table.

    python tools/analysis_tools/benchmark_backbones.py
    python tools/analysis_tools/benchmark_backbones.py CONFIG --json rows.json

Backbone, projection and published head together (in brackets the backbone alone):
  parameters and multiply-adds  as get_flops.py counts them
  forward   median time of one image, eval mode, without a graph
  memory    peak memory that a training step of phase 1 (batch 1, AdamW, half of the
            mask forged) adds to a process after all imports: weights, gradients,
            optimizer state and activations of both passes
Time and memory come from fresh processes. With --json, rows that the file holds are
kept and shown as well, so that a table can be built in several runs and environments:
mmpretrain's backbones need the environment of `make test-mmpretrain`.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Some contain only common parts of the models.
FILES = ROOT.glob('configs/_base_/models/*.py')
PARTS = ('size', 'time', 'memory')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'configs',
        nargs='*',
        default=sorted(str(p) for p in FILES if 'backbone=' in p.read_text()),
        help='configs with a model; by default all of configs/_base_/models',
    )
    parser.add_argument('--size', type=int, default=512, help='height and width')
    parser.add_argument('--repeats', type=int, default=5, help='forward passes timed')
    parser.add_argument('--threads', type=int, default=2, help="torch's threads")
    parser.add_argument(
        '--measure',
        nargs='+',
        choices=PARTS,
        default=PARTS,
        help='what to measure; only the time wants an idle machine',
    )
    parser.add_argument('--json', help='file of rows, which is added to')
    return parser.parse_args()


def read_model(path: str) -> dict:
    """A config's model, without the weights that it would download."""
    from mmengine.config import Config
    from mmengine.registry import init_default_scope

    import mpc_mmseg  # noqa: F401 - registers the plugin

    init_default_scope('mmseg')
    model = Config.fromfile(path).model
    if model.backbone.type.startswith('mmpretrain.'):
        import mmpretrain.models  # noqa: F401 - registers its backbones
    model.backbone.init_cfg = None
    return model


def forward(path: str, size: int) -> Callable:
    """A forward pass through backbone, projection and head."""
    import torch
    from mmseg.registry import MODELS

    model = MODELS.build(read_model(path))
    model.set_phase('localize')
    model.eval()
    image = torch.rand(1, 3, size, size)
    return torch.inference_mode()(lambda: model._forward(image))


def training(path: str, size: int) -> Callable:
    """Two training steps of phase 1, from building the model on.

    The optimizer's state exists from the second step on.
    """
    import torch
    from mmengine.structures import PixelData
    from mmseg.registry import MODELS
    from mmseg.structures import SegDataSample

    config = read_model(path)

    def run() -> None:
        torch.manual_seed(0)
        model = MODELS.build(config).train()
        trained = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(trained, lr=1e-4)
        image = torch.rand(1, 3, size, size)
        mask = torch.zeros(1, size, size, dtype=torch.long)
        mask[:, : size // 2] = 1
        sample = SegDataSample(gt_sem_seg=PixelData(data=mask))
        for _ in range(2):
            losses = model.loss(image, [sample])
            sum(v for k, v in losses.items() if 'loss' in k).backward()
            optimizer.step()
            optimizer.zero_grad()

    return run


def row(path: str, args: argparse.Namespace) -> dict:
    """The requested measurements of one config's network."""
    import torch
    from complexity import complexity_of
    from fresh_process import median_seconds, peak_mib

    work = (path, args.size)
    found: dict = dict(pixels=args.size**2, torch=torch.__version__)
    if 'size' in args.measure:
        parts = complexity_of(read_model(path), (args.size, args.size))
        for i, key in enumerate(('parameters', 'multiply_adds')):
            found[key] = [parts[name][i] for name in ('total', 'backbone')]
    if 'time' in args.measure:
        found['threads'] = args.threads
        found['seconds'] = median_seconds(forward, work, args.repeats, args.threads)
    if 'memory' in args.measure:
        found['mib'] = peak_mib(training, work, args.threads)
    return found


def table(rows: dict[str, dict]) -> str:
    """Rows as Markdown, smallest first; a dash for what was not measured."""
    lines = [
        '| Model | Parameters | Multiply-adds | Forward | Memory of a step |',
        '|---|---|---|---|---|',
    ]
    for name, found in sorted(
        rows.items(), key=lambda item: item[1].get('parameters', [0])
    ):
        cells = [f'`{name}`']
        for key, unit, letter in (
            ('parameters', 1e6, 'M'),
            ('multiply_adds', 1e9, 'G'),
        ):
            whole, alone = found.get(key, (0, 0))
            cell = f'{whole / unit:.1f} {letter} ({alone / unit:.1f})'
            cells.append(cell if whole else '-')
        cells.append(f'{1000 * found["seconds"]:.0f} ms' if 'seconds' in found else '-')
        cells.append(f'{found["mib"]:,.0f} MiB' if 'mib' in found else '-')
        lines.append(f'| {" | ".join(cells)} |')
    return '\n'.join(lines)


def main() -> None:
    args = parse_args()
    file = Path(args.json) if args.json else None
    rows = json.loads(file.read_text()) if file and file.exists() else {}
    for path in args.configs:
        name = Path(path).stem
        try:
            rows[name] = {**rows.get(name, {}), **row(path, args)}
        except ImportError as error:
            print(f'{name} left out: {error}')
            continue
        if file:
            file.write_text(json.dumps(rows, indent=1))
    print(table(rows))


if __name__ == '__main__':
    main()
