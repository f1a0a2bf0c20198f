"""Command-line arguments shared by the commands: one grammar for all of them.

MODEL is the name of a published model, a checkpoint that contains its config, an ONNX
file, or a config (a file or a name) together with its weights.
"""

import argparse

#: The model of those who name none.
DEFAULT_MODEL = 'ce_lite0-blocks_multi'
MODEL_HELP = (
    'name of a published model (see the command zoo), a checkpoint, an ONNX file, or a '
    'config (a file or a name) with --weights'
)
_CONFIGS = ('.py', '.yml', '.yaml', '.json')


def add_model(parser: argparse.ArgumentParser, positional: bool = False) -> None:
    """Adds MODEL and its weights.

    Args:
        parser: The parser to extend.
        positional: Whether they are ``MODEL [WEIGHTS]``, as MMSegmentation's tools take
            CONFIG CHECKPOINT, rather than ``--model MODEL``; ``--weights`` works in
            both.
    """
    if positional:
        parser.add_argument('model', metavar='MODEL', help=MODEL_HELP)
        parser.add_argument(
            'checkpoint',
            nargs='?',
            metavar='WEIGHTS',
            help='the same as --weights',
        )
    else:
        parser.add_argument(
            '--model',
            default=DEFAULT_MODEL,
            metavar='MODEL',
            help=f'{MODEL_HELP}; default: {DEFAULT_MODEL}',
        )
    parser.add_argument(
        '--weights',
        metavar='FILE',
        help='checkpoint, or name of a published model, to use with a config file',
    )
    add_trust(parser)


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Adds --trust-config."""
    parser.add_argument(
        '--trust-config',
        action='store_true',
        help='execute the config in a checkpoint, which can then do whatever you can: '
        'only for files of people whose programs you would run (SECURITY.md)',
    )


def add_calibration(parser: argparse.ArgumentParser) -> None:
    """Adds --calibration."""
    parser.add_argument(
        '--calibration',
        metavar='FILE',
        help='file of the command calibrate for this model, which gives the verdict; '
        'default: the one inside of the checkpoint, if there is one',
    )


def check_model(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Completes and checks the arguments of `add_model`.

    Afterwards ``args.model`` and ``args.weights`` are the arguments of `load_model`; a
    config without weights, or two files of weights, end the program.
    """
    second = getattr(args, 'checkpoint', None)
    if second is not None and args.weights is not None:
        parser.error(f'weights are given twice: {second} and {args.weights}')
    args.weights = args.weights or second
    if args.model.endswith(_CONFIGS) and args.weights is None:
        parser.error(f'{args.model} is a config: also give --weights')


def add_device(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Adds --device."""
    parser.add_argument(
        '--device',
        default=default,
        help='torch device, such as cpu or cuda:1; default: '
        f'{default or "the GPU if there is one"}',
    )


def add_map_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what determines a map: --tile, --overlap, --tta, --threshold."""
    parser.add_argument(
        '--tile',
        type=int,
        metavar='SIZE',
        help='predict images at their own size, in overlapping tiles of this side, '
        "instead of the image resized as in the model's config; a calibration holds "
        'for maps of one size of tiles',
    )
    parser.add_argument(
        '--overlap',
        type=int,
        metavar='PIXELS',
        help='overlap of tiles; default: a quarter, at most 128',
    )
    parser.add_argument(
        '--tta',
        nargs='+',
        choices=('flip', 'rot90', 'scale'),
        default=[],
        metavar='KIND',
        help='average over augmented copies of the image (flip, rot90, scale)',
    )
    parser.add_argument(
        '--threshold',
        type=_probability,
        metavar='P',
        help='probability above which a pixel is predicted forged; default: that of '
        "the model's config, 0.5 unless set there",
    )


def add_pixel_limit(parser: argparse.ArgumentParser) -> None:
    """Adds --pixel-limit."""
    parser.add_argument(
        '--pixel-limit',
        type=int,
        default=2**27,
        metavar='N',
        help='refuse images of more pixels; default: 134,217,728',
    )


def _probability(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f'must be in 0..1, got {text}')
    return value
