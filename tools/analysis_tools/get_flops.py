"""Parameters and multiply-adds of the parts of a config's network.

    python tools/analysis_tools/get_flops.py configs/FAMILY/CONFIG.py --shape 512 512

Counted: the multiply-adds of convolutions and matrix products, those of attention
included, in one forward pass of one image in eval mode through backbone, neck and
localization head (half of what torch's FlopCounterMode reports, to which a
multiply-add is two operations). Not counted: normalisation, activations, softmax,
additions, resizing. Only shapes are computed (torch's meta device), so that any size
takes a few seconds and little memory; on a CPU torch's counter would miss the fused
attention.

HRFormer-base with projection and head has 45.04 M parameters and 82.6 G multiply-adds
at 512 x 512, heads of 39 channels counted as the 40 that are computed. A plain
implementation, which also projects the padding of the windows, has 83.4 G; with 2
operations per element of BatchNorm, 5 of LayerNorm and 4 of resizing, as some counters
add, it has 84.5 G. Published are 84.7 G.
"""

import argparse
import json


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config file, for instance from configs/hrnet')
    parser.add_argument(
        '--shape',
        nargs=2,
        type=int,
        default=[512, 512],
        metavar=('H', 'W'),
        help='size of the input in pixels; default 512 512',
    )
    parser.add_argument('--json', help='also write the numbers to this file')
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='overrides'
    )
    args = parser.parse_args()
    if min(args.shape) < 32:
        parser.error(f'--shape must be at least 32 32, got {args.shape}')
    return args


def main() -> None:
    args = parse_args()
    from complexity import complexity_of
    from mmengine.config import Config

    from mpc_mmseg.engine.launch import override

    cfg = Config.fromfile(args.config)
    override(cfg, args.cfg_options)
    parts = complexity_of(cfg.model, tuple(args.shape))
    height, width = args.shape
    print(f'{args.config}, one image of {height} x {width}\n')
    print(f'{"part":<14}{"parameters":>14}{"multiply-adds":>18}')
    for name, (parameters, products) in parts.items():
        print(f'{name:<14}{parameters / 1e6:>12.3f} M{products / 1e9:>16.3f} G')
    if args.json:
        with open(args.json, 'w') as file:
            record = {
                'config': args.config,
                'shape': args.shape,
                'parts': {
                    name: {'parameters': parameters, 'multiply_adds': products}
                    for name, (parameters, products) in parts.items()
                },
            }
            json.dump(record, file, indent=2)


if __name__ == '__main__':
    main()
