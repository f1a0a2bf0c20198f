"""What bounds a training on many GPUs: the arithmetic of docs/scaling.md.

    python tools/analysis_tools/scaling.py configs/FAMILY/CONFIG.py --gpus 8 64 512

From the config come parameters, multiply-adds, batch, views and pixels of the contrast.
All else is an assumption and has an option: put in what you measured. A backward pass
counts as two forward ones, the contrast as three matrix products a pair in float32,
gradients as float32 in a ring all-reduce that could run beside the backward pass.
"""

import argparse
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """One training step of one GPU, in FLOP and bytes.

    Attributes:
        network: FLOP of forward and backward passes.
        contrast: FLOP of the contrast.
        gradients: Bytes of the gradients.
        state: Bytes of a checkpoint: weights and optimizer.
    """

    network: float
    contrast: float
    gradients: float
    state: float


def step_of(
    model: Any, complexity: dict[str, tuple[int, int]], phase: str, batch: int,
    size: tuple[int, int], forged: float,
) -> Step:  # fmt: skip
    """Counts a step.

    Args:
        model: The config's.
        complexity: As of `complexity_of`.
        phase: 'contrast' or 'localize'.
        batch: Images of a GPU.
        size: (H, W) of the images.
        forged: Share of an image's pixels that is forged.
    """
    macs = {part: products for part, (_, products) in complexity.items()}
    weights = {part: parameters for part, (parameters, _) in complexity.items()}
    features = macs['backbone'] + macs.get('neck', 0)
    if phase == 'localize':
        trained, products, contrast = weights['decode_head'], features, 0.0
        products += 3 * macs['decode_head']
    else:
        kinds = [view['type'] for view in model['contrast_loss']['views']]
        passes = 2 if 'CrossModalityView' in kinds else 1
        trained = weights['total'] - weights['decode_head']
        products = 3 * passes * features
        pixels = model['contrast_loss']['sampler']['max_pixels']
        finest = size[0] * size[1] // 16
        queries = min(pixels, finest * (1 - forged))
        negatives = min(pixels, finest * forged)
        pairs = sum(1 if kind == 'WithinImageView' else 2 for kind in kinds)
        channels = model['neck']['out_channels']
        contrast = 2.0 * 3 * pairs * queries * negatives * channels * batch
    # AdamW keeps two numbers of each trained weight.
    state = 4.0 * (weights['total'] + 2 * trained)
    return Step(2.0 * products * batch, contrast, 4.0 * trained, state)


def ring_seconds(size: float, gpus: int, bandwidth: float) -> float:
    """Time of a ring all-reduce: each sends and gets its data twice, less its share.

    Args:
        size: Bytes.
        gpus: Their number.
        bandwidth: Bytes a second into and out of each.
    """
    return 2 * (gpus - 1) / gpus * size / bandwidth


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config file with a contrast_phase')
    parser.add_argument('--gpus', nargs='+', type=int, default=[8, 64, 512])
    parser.add_argument('--shape', nargs=2, type=int, default=[512, 512])
    parser.add_argument('--draws', type=int, default=843_991, help='of an epoch')
    parser.add_argument(
        '--forged', type=float, default=0.1, help='forged share of a mask'
    )
    for option, default, unit in (
        ('tflops', 40.0, 'of a GPU in the network, sustained'),
        ('float32-tflops', 20.0, 'of a GPU in the contrast, sustained'),
        ('network', 20.0, 'GB/s of each GPU, sustained'),
        ('core', 125.0, 'images/s that a CPU core prepares'),
        ('disk', 1.0, 'GB/s of the disk that checkpoints go to'),
        ('val-images', 1000.0, 'of a validation'),
        ('val-fixed', 2.0, 'seconds of a validation besides its images'),
    ):
        parser.add_argument(
            f'--{option}', type=float, default=default, metavar='X', help=unit
        )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from mmengine.config import Config

    from mpc_mmseg.engine.complexity import complexity_of

    cfg = Config.fromfile(args.config)
    size, batch = tuple(args.shape), cfg.train_dataloader.batch_size
    complexity = complexity_of(cfg.model, size)
    forward = 2.0 * complexity['total'][1] / (args.tflops * 1e12)
    for phase in ('contrast', 'localize'):
        step = step_of(cfg.model, complexity, phase, batch, size, args.forged)
        network = step.network / (args.tflops * 1e12)
        contrast = step.contrast / (args.float32_tflops * 1e12)
        seconds = network + contrast
        print(
            f'\n{phase}: {step.network / batch / 1e12:.3f} TFLOP an image in the '
            f'network, {step.contrast / batch / 1e12:.3f} in the contrast; '
            f'{1e3 * seconds:.0f} ms a step of {batch} ({contrast / seconds:.0%} '
            f'contrast); gradients {step.gradients / 1e6:.1f} MB; checkpoint '
            f'{step.state / 1e6:.0f} MB, {step.state / (args.disk * 1e9):.2f} s\n'
        )
        print(
            '| GPUs | images/s | cores a GPU | epoch | steps an epoch | all-reduce | '
            'of the step | 1 % of an epoch | a validation |\n' + '|---' * 9 + '|'
        )
        for gpus in args.gpus:
            ring = ring_seconds(step.gradients, gpus, args.network * 1e9)
            # What the backward pass, two thirds of a step, cannot hide.
            whole = seconds + max(0.0, ring - 2 / 3 * seconds)
            rate = gpus * batch / whole
            steps = args.draws / (gpus * batch)
            validation = args.val_fixed + args.val_images / gpus * forward
            print(
                f'| {gpus} | {rate:,.0f} | {rate / gpus / args.core:.2f} | '
                f'{args.draws / rate / 60:.1f} min | {steps:,.0f} | '
                f'{1e3 * ring:.1f} ms | {ring / whole:.0%} | '
                f'{args.draws / rate / 100:.1f} s | {validation:.1f} s |'
            )


if __name__ == '__main__':
    main()
