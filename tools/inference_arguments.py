"""Command-line arguments of the tools that show photographs to a network."""

import argparse


def add_model_arguments(
    parser: argparse.ArgumentParser, device: str | None, device_help: str
) -> None:
    """Adds --weights, --device, --tile and --tta.

    Args:
        parser: To add to.
        device: Default of --device.
        device_help: Its help.
    """
    parser.add_argument(
        '--weights', metavar='FILE', help='checkpoint to use with a config file'
    )
    parser.add_argument('--device', default=device, help=device_help)
    parser.add_argument(
        '--tile',
        type=int,
        metavar='SIZE',
        help='show the network images at their own size, in tiles of this side that '
        "overlap, in place of the whole image made small as the model's config says; a "
        'calibration does not hold then',
    )
    parser.add_argument(
        '--tta',
        nargs='+',
        choices=('flip', 'rot90', 'scale'),
        default=[],
        metavar='KIND',
        help='average over views of the image: flip, rot90, scale; likewise',
    )


def add_map_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds --threshold, --overlap and --pixel-limit."""
    parser.add_argument(
        '--threshold',
        type=float,
        help='probability above which a pixel is called forged; default: that of the '
        "model's config, 0.5 unless set there",
    )
    parser.add_argument(
        '--overlap', type=int, metavar='PIXELS', help='of tiles; default: a quarter'
    )
    parser.add_argument(
        '--pixel-limit',
        type=int,
        default=2**27,
        metavar='N',
        help='refuse images of more pixels; default: 134,217,728',
    )
