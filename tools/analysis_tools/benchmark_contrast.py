"""Time and peak memory of the contrast loss, compared with its naive form.

    python tools/analysis_tools/benchmark_contrast.py --out work_dirs/contrast
    python tools/analysis_tools/benchmark_contrast.py --step MODEL_CONFIG \\
        --out work_dirs/contrast_step
    python tools/analysis_tools/benchmark_contrast.py --launches 2 8 32 \\
        --out work_dirs/contrast_launches

Forward and backward with N queries and N negatives, each row in a fresh process. With
--step: the loss of one phase-1 step (all views, 5,000 pixels per class) compared with
forward and backward of the config's backbone and neck, for shares of forged pixels. The
backbone is timed for one image and multiplied by batch size and passes. The column
products_seconds is the time of the loss's matrix products alone, a lower bound. With
--launches: operators and host syncs of a step (all views, small maps) for batches of
these sizes, images grouped as on a GPU; counted on a CPU.
"""

import argparse
import json
from pathlib import Path

MAX_PIXELS = 5000  # of a class, the released code's
STRIDES = (4, 8, 16, 32)


def inputs(n: int, channels: int):
    import torch
    import torch.nn.functional as F

    torch.manual_seed(0)
    return [F.normalize(torch.randn(n, channels), dim=1).requires_grad_() for _ in 'qk']


def naive_info_nce(queries, negatives, temperature=0.1):
    """The formula as written: all similarities as matrices."""
    import torch

    similarity = queries @ queries.T
    others = similarity.sum(1) - similarity.diagonal()
    positive = others / ((len(queries) - 1) * temperature)
    negative = queries @ negatives.T / temperature
    denominator = torch.logsumexp(torch.cat([positive[:, None], negative], 1), 1)
    return (denominator - positive).mean()


def forward_backward(which: str, n: int, channels: int):
    from mpc_mmseg.models.losses.info_nce import info_nce

    loss = dict(naive=naive_info_nce, ours=info_nce)[which]
    queries, negatives = inputs(n, channels)

    def run():
        queries.grad = negatives.grad = None
        loss(queries, negatives).backward()

    return run


def backbone_step(config: str, size: int):
    """Forward and backward of one image through backbone and neck."""
    import torch
    from mmengine.config import Config
    from mmengine.registry import init_default_scope
    from mmseg.registry import MODELS

    init_default_scope('mmseg')
    model = MODELS.build(Config.fromfile(config).model)
    model.set_phase('contrast')
    model.train()
    image = torch.randn(1, 3, size, size)

    def run():
        model.zero_grad()
        sum(m.mean() for m in model.extract_feat(image)).backward()

    return run


def forged_band(share: float, size: int):
    """A mask (size, size) whose leftmost columns are forged."""
    import torch

    mask = torch.zeros(size, size, dtype=torch.long)
    mask[:, : round(size * share)] = 1
    return mask


def loss_step(config: str, size: int, batch: int, share: float):
    """Forward and backward of the config's contrast loss alone."""
    import torch
    from mmengine.config import Config
    from mmengine.registry import init_default_scope
    from mmseg.registry import MODELS

    init_default_scope('mmseg')
    criterion = MODELS.build(Config.fromfile(config).model.contrast_loss)
    criterion.sampler.max_pixels = MAX_PIXELS
    torch.manual_seed(0)

    def maps():
        return [
            torch.randn(batch, 256, size // s, size // s)
            .contiguous(memory_format=torch.channels_last)
            .requires_grad_()
            for s in STRIDES
        ]

    first, second = maps(), maps()[:1]
    mask = forged_band(share, size).expand(batch, size, size)

    def run():
        sum(criterion(first, second, mask).values()).backward()

    return run


def products(size: int, batch: int, share: float):
    """The three matrix products of each pair of a step, and nothing else."""
    import torch
    import torch.nn.functional as F

    mask = forged_band(share, size)[None, None].float()
    labels = [F.interpolate(mask, (size // s, size // s)).flatten() for s in STRIDES]
    sources = labels[0], torch.cat(labels[1:])
    (a, f), (b, g) = (
        [min(MAX_PIXELS, int((x == label).sum())) for label in (0, 1)] for x in sources
    )
    # Within the image, across scales both ways, across passes both ways.
    sizes = [(a, f), (a, g), (b, f), (a, f), (a, f)] * batch
    sets = {n: torch.randn(n, 256) for pair in sizes for n in pair}

    def run():
        for n, m in sizes:
            weights = sets[n] @ sets[m].T
            weights @ sets[m]
            weights.T @ sets[n]

    return run


def compare(args: argparse.Namespace) -> list[dict]:
    from fresh_process import measure

    rows = []
    for n in args.counts:
        row: dict = dict(pixels=n)
        for which in ('naive', 'ours'):
            measured = measure(
                forward_backward, (which, n, args.channels), args.repeats, args.threads
            )
            row[f'{which}_seconds'] = round(measured.seconds, 4)
            row[f'{which}_mib'] = round(measured.peak_mib, 1)
        row['time_ratio'] = round(row['ours_seconds'] / row['naive_seconds'], 3)
        row['memory_ratio'] = round(row['ours_mib'] / row['naive_mib'], 3)
        rows.append(row)
        print(f'{n} pixels: {row["ours_seconds"]} s, {row["ours_mib"]} MiB', flush=True)
    return rows


def compare_step(args: argparse.Namespace) -> list[dict]:
    from fresh_process import measure

    batch, size = args.batch_size, args.size
    repeats, threads = args.repeats, args.threads
    backbone = measure(backbone_step, (args.step, size), repeats, threads)
    step_seconds = backbone.seconds * 2 * batch
    rows = []
    for share in args.forged_shares:
        shapes = (size, batch, share)
        loss = measure(loss_step, (args.step, *shapes), repeats, threads)
        bound = measure(products, shapes, repeats, threads)
        rows.append(
            dict(
                config=Path(args.step).stem,
                forged_share=share,
                backbone_seconds=round(step_seconds, 2),
                loss_seconds=round(loss.seconds, 2),
                products_seconds=round(bound.seconds, 2),
                ratio=round(loss.seconds / step_seconds, 3),
            )
        )
    return rows


def compare_launches(args: argparse.Namespace) -> list[dict]:
    from launches import of_contrast

    from mpc_mmseg.models.losses import info_nce
    from mpc_mmseg.models.losses.contrast_loss import MultiViewPixelContrastLoss

    info_nce.PADDING_FREE['cpu'] = info_nce.PADDING_FREE['cuda']
    rows = []
    for name in ('Random', 'Boundary'):
        sampler = dict(type=f'{name}PixelSampler', max_pixels=50)
        for batch in args.launches:
            step = of_contrast(MultiViewPixelContrastLoss(sampler), batch)
            rows.append(
                dict(
                    sampler=name,
                    batch=batch,
                    operators=step.operators.total(),
                    host_syncs=step.waits.total(),
                )
            )
    return rows


def plot(rows: list[dict], path: Path) -> None:
    import matplotlib

    matplotlib.use('Agg')
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout='constrained')
    for axis, unit, label in (
        (axes[0], 'seconds', 'Forward + backward, s'),
        (axes[1], 'mib', 'Peak memory above the inputs, MiB'),
    ):
        for which, marker in (('naive', 's'), ('ours', 'o')):
            axis.plot(
                [r['pixels'] for r in rows],
                [r[f'{which}_{unit}'] for r in rows],
                marker=marker,
                label=which,
            )
        axis.set(
            xlabel='Pixels of each class', ylabel=label, xscale='log', yscale='log'
        )
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(path, dpi=120)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--counts',
        type=int,
        nargs='+',
        default=[1000, 2000, 5000, 10000, 16384],
        help='pixels of each class',
    )
    parser.add_argument('--channels', type=int, default=256)
    parser.add_argument('--repeats', type=int, default=5, help='median of these')
    parser.add_argument('--threads', type=int, help="default: torch's own")
    parser.add_argument('--step', metavar='CONFIG', help='measure a phase-1 step')
    parser.add_argument(
        '--launches',
        type=int,
        nargs='+',
        metavar='BATCH',
        help='count the operators and host syncs of a step',
    )
    parser.add_argument('--size', type=int, default=512, help='of the step, pixels')
    parser.add_argument('--batch-size', type=int, default=4, help='of the step')
    parser.add_argument(
        '--forged-shares', type=float, nargs='+', default=[0.1, 0.5], help='of the step'
    )
    parser.add_argument('--out', required=True, help='names the .json and .png')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from prettytable import PrettyTable

    run = compare_step if args.step else compare_launches if args.launches else compare
    rows = run(args)
    table = PrettyTable(list(rows[0]))
    table.add_rows([row.values() for row in rows])
    print(table)
    out = Path(args.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.with_suffix('.json').write_text(json.dumps(rows, indent=1) + '\n')
    if run is compare:
        plot(rows, out.with_suffix('.png'))


if __name__ == '__main__':
    main()
