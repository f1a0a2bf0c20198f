"""Time and memory of a training step of phase 2.

    python tools/analysis_tools/benchmark_frozen.py --json frozen.json

Times are medians; memory is the increase of a process's peak by two steps. Compares,
each in separate processes:
  frozen    backbone and projection in eval mode, without a graph
  graph     the same step with the graph through backbone and projection, in eval mode
  released  the same in training mode, as the released code does it
  cached    embeddings from disk (CachedFeaturesHook)
  products  the matrix products of the head's convolutions alone, which every step has
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time

VARIANTS = ('graph', 'released', 'frozen', 'cached', 'products')


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
    parser.add_argument('--batch', type=int, default=8, help='images of a step')
    parser.add_argument('--steps', type=int, default=7, help='steps that are timed')
    parser.add_argument(
        '--hidden', type=int, nargs='+', help="widths of the head's stack"
    )
    parser.add_argument('--json', help='write the figures as JSON')
    parser.add_argument('--variant', choices=VARIANTS, help=argparse.SUPPRESS)
    parser.add_argument('--memory', action='store_true', help=argparse.SUPPRESS)
    return parser.parse_args()


def peak_mib() -> float:
    """Largest resident memory of this process so far (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cached_source(model, inputs, mask, folder: str):
    """Embeddings of a batch, by names, from newly written files."""
    import torch

    from mpc_mmseg.engine.feature_cache import FeatureCache, build

    names = [str(i) for i in range(len(inputs))]
    cache = FeatureCache(folder, names, {})

    def compute(some):
        maps = model.extract_feat(inputs[[int(n) for n in some]])
        return maps, mask.expand(len(some), -1, -1)

    with torch.no_grad():
        build(cache, compute, 1)
    cache.open()
    return cache.read


def products(head, pixels: int):
    """A function of a step's matrix products in a head: forward, both gradients."""
    import torch

    shapes = [m.weight.shape[:2] for m in head.stack if isinstance(m, torch.nn.Conv2d)]
    operands = [
        [torch.rand(pixels, c_in), torch.rand(c_out, c_in), torch.rand(pixels, c_out)]
        for c_out, c_in in shapes
    ]

    def run() -> None:
        for x, weight, gradient in operands:
            x @ weight.T
            gradient @ weight
            gradient.T @ x

    return run


def measure(args: argparse.Namespace) -> dict:
    """Median seconds of a step, or the memory that two steps added, in this process."""
    import torch
    from mmengine.config import Config
    from mmengine.registry import init_default_scope
    from mmengine.structures import PixelData
    from mmseg.registry import MODELS
    from mmseg.structures import SegDataSample

    import mpc_mmseg  # noqa: F401 - registers the plugin

    init_default_scope('mmseg')
    torch.manual_seed(0)
    config = Config.fromfile(args.config).model
    if args.hidden:
        config.decode_head.hidden_channels = tuple(args.hidden)
    model = MODELS.build(config)
    frozen = args.variant in ('frozen', 'cached')
    model.set_phase('localize' if frozen else 'supervised')
    model.train()
    if args.variant == 'graph':
        model.backbone.eval()
        model.neck.eval()
    optimizer = torch.optim.AdamW(model.decode_head.parameters(), lr=1e-3)
    inputs = torch.rand(args.batch, 3, args.size, args.size)
    mask = torch.zeros(1, args.size, args.size, dtype=torch.long)
    mask[:, : args.size // 3, : args.size // 3] = 1
    samples = [
        SegDataSample(gt_sem_seg=PixelData(data=mask), metainfo=dict(img_path=str(i)))
        for i in range(args.batch)
    ]
    with tempfile.TemporaryDirectory() as folder:
        if args.variant == 'cached':
            model.feature_source = cached_source(model, inputs, mask, f'{folder}/maps')

        def step() -> None:
            losses = model.loss(inputs, samples)
            sum(v for k, v in losses.items() if 'loss' in k).backward()
            optimizer.step()
            model.zero_grad()

        if args.variant == 'products':
            step = products(model.decode_head, args.batch * (args.size // 4) ** 2)
        start, seconds = peak_mib(), []
        for _ in range(2 if args.memory else args.steps + 2):
            begin = time.perf_counter()
            step()
            seconds.append(time.perf_counter() - begin)
    if args.memory:
        return dict(mib=peak_mib() - start, at_start=start)
    return dict(seconds=statistics.median(seconds[2:]))


def in_process(*options: str) -> dict:
    """Result of `measure` in another process, with this one's options and these."""
    done = subprocess.run(
        [sys.executable, *sys.argv, *options], capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(done.stderr)
    line = [x for x in done.stdout.splitlines() if x.startswith('RESULT')][-1]
    return json.loads(line.removeprefix('RESULT'))


def main() -> None:
    args = parse_args()
    if args.variant:
        print('RESULT', json.dumps(measure(args)))
        return
    results = {}
    for variant in VARIANTS:
        results[variant] = in_process('--variant', variant)
        # The cache is filled in the same process, so its peak is meaningless.
        if variant not in ('cached', 'products'):
            results[variant] |= in_process('--variant', variant, '--memory')
    base = results['graph']
    print('| step | seconds | of graph | peak MiB | of graph |')
    print('|---|---|---|---|---|')
    for variant, found in results.items():
        memory = '- | -'
        if 'mib' in found:
            memory = f'{found["mib"]:.0f} | {found["mib"] / base["mib"]:.2f}'
        print(
            f'| {variant} | {found["seconds"]:.2f} | '
            f'{found["seconds"] / base["seconds"]:.2f} | {memory} |'
        )
    if args.json:
        with open(args.json, 'w') as file:
            json.dump(dict(arguments=vars(args), results=results), file, indent=1)


if __name__ == '__main__':
    main()
