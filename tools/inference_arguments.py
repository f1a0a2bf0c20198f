"""Command-line arguments shared by the inference tools."""

import argparse


def add_model_arguments(
    parser: argparse.ArgumentParser, device: str | None, device_help: str
) -> None:
    """Adds --weights, --device, --tile and --tta.

    Args:
        parser: The parser to extend.
        device: Default of --device.
        device_help: Help of --device.
    """
    parser.add_argument(
        '--weights',
        metavar='FILE',
        help='checkpoint, or name of a published model, to use with a config file',
    )
    parser.add_argument('--device', default=device, help=device_help)
    parser.add_argument(
        '--tile',
        type=int,
        metavar='SIZE',
        help='predict images at their own size, in overlapping tiles of this side, '
        "instead of the image resized as in the model's config; a calibration holds "
        'for maps of one size of tiles',
    )
    parser.add_argument(
        '--tta',
        nargs='+',
        choices=('flip', 'rot90', 'scale'),
        default=[],
        metavar='KIND',
        help='average over augmented copies of the image (flip, rot90, scale)',
    )


def add_calibration_argument(parser: argparse.ArgumentParser) -> None:
    """Adds --calibration."""
    parser.add_argument(
        '--calibration',
        metavar='FILE',
        help='file of tools/calibrate.py for this model, which gives the verdict; '
        'default: the one inside of the checkpoint, if there is one',
    )


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Adds --trust-config."""
    parser.add_argument(
        '--trust-config',
        action='store_true',
        help='execute the config in a checkpoint, which can then do whatever you can: '
        'only for files of people whose programs you would run (SECURITY.md)',
    )


def add_map_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds --threshold, --overlap and --pixel-limit."""
    parser.add_argument(
        '--threshold',
        type=float,
        help='probability above which a pixel is predicted forged; default: that of '
        "the model's config, 0.5 unless set there",
    )
    parser.add_argument(
        '--overlap',
        type=int,
        metavar='PIXELS',
        help='overlap of tiles; default: a quarter',
    )
    parser.add_argument(
        '--pixel-limit',
        type=int,
        default=2**27,
        metavar='N',
        help='refuse images of more pixels; default: 134,217,728',
    )
