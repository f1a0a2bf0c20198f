"""Command-line arguments of the tools that show a network photographs."""

import argparse


def add_inference_arguments(
    parser: argparse.ArgumentParser, device: str | None, device_default: str
) -> None:
    """Adds --weights, --device, --threshold, --tile, --overlap, --tta, --pixel-limit.

    Args:
        parser: To add to.
        device: Default of --device.
        device_default: The same in words.
    """
    parser.add_argument(
        '--weights', metavar='FILE', help='checkpoint to use with a config file'
    )
    parser.add_argument(
        '--device',
        default=device,
        help=f'for instance cpu or cuda:1; default: {device_default}',
    )
    parser.add_argument(
        '--threshold',
        type=probability,
        metavar='P',
        help='probability above which a pixel is called forged; default: that of the '
        "model's config, 0.5 unless set there",
    )
    parser.add_argument(
        '--tile',
        type=int,
        metavar='SIZE',
        help='show the network the image at its own size, in tiles of this side that '
        "overlap, in place of the whole image made small as the model's config says; "
        'a calibration does not hold then',
    )
    parser.add_argument(
        '--overlap', type=int, metavar='PIXELS', help='of tiles; default: a quarter'
    )
    parser.add_argument(
        '--tta',
        nargs='+',
        choices=('flip', 'rot90', 'scale'),
        default=[],
        metavar='KIND',
        help='average over views of the image: flip, rot90, scale; a calibration does '
        'not hold then',
    )
    parser.add_argument(
        '--pixel-limit',
        type=int,
        default=2**27,
        metavar='N',
        help='refuse images of more pixels; default: 134,217,728',
    )


def probability(text: str) -> float:
    """A number in 0..1, for argparse."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f'must be in 0..1, got {text}')
    return value
