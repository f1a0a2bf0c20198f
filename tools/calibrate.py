"""Calibrate the verdict of a model on whole images.

    python tools/calibrate.py NAME --forged DIR --authentic DIR --out calibration.json
    python tools/calibrate.py best.pth --lists val.txt --out calibration.json
    python tools/infer.py photo.jpg --model NAME --out DIR \\
        --calibration calibration.json

Runs the model as tools/infer.py does on forged and authentic images that it was not
trained on and for which you report no scores. On one part of their sources it fits the
score of an image and its probability; from the ranks of the others follow the
thresholds of the verdict (forged, authentic, inconclusive), which keep the stated rate
of wrong verdicts on average. The checkpoint is not changed.

The verdict holds for images like these: other sizes, formats and JPEG qualities get
none. So take them from where the photographs to be examined come from.
"""

import argparse
import sys

from inference_arguments import (
    add_device,
    add_map_arguments,
    add_model,
    add_pixel_limit,
    check_model,
)
from quiet_import import register_quietly


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_model(parser, positional=True)
    parser.add_argument('--forged', metavar='DIR', help='folder of forged images')
    parser.add_argument('--authentic', metavar='DIR', help='folder of authentic images')
    parser.add_argument(
        '--lists', nargs='+', metavar='LIST', help='lists of both, instead of folders'
    )
    parser.add_argument(
        '--data-root', metavar='DIR', help='folder where the paths of the lists start'
    )
    parser.add_argument(
        '--source-pattern',
        metavar='REGEX',
        help='finds the source photographs in the names of the files in the folders; '
        'of images that share one, one counts. Default: each is its own source',
    )
    parser.add_argument('--out', metavar='FILE', required=True, help='JSON to write')
    parser.add_argument(
        '--checkpoint-out',
        metavar='FILE',
        help='also write a copy of the checkpoint that contains the calibration',
    )
    parser.add_argument(
        '--false-alarm-rate',
        type=float,
        default=0.05,
        metavar='RATE',
        help='stated rate: share of authentic images predicted forged, and of forged '
        'ones predicted authentic; default: 0.05, which needs 24 images of each',
    )
    add_device(parser)
    add_map_arguments(parser)
    add_pixel_limit(parser)
    args = parser.parse_args()
    check_model(parser, args)
    folders = args.forged is not None and args.authentic is not None
    if folders + bool(args.lists) != 1:
        parser.error('give --forged and --authentic, or --lists')
    return args


def main() -> int:
    args = parse_args()
    register_quietly()
    from mpc_mmseg.plain_text import print_error

    try:
        return calibrate(args)
    except (OSError, ValueError, RuntimeError) as error:
        print_error('calibrate.py', error)
        return 2


def calibrate(args: argparse.Namespace) -> int:
    from mpc_mmseg.apis import calibrate_checkpoint as steps
    from mpc_mmseg.apis.inference.inferencer import ForgeryInferencer
    from mpc_mmseg.apis.zoo.zoo import model_file
    from mpc_mmseg.evaluation.image_calibration import (
        fit_calibration,
        write_calibration,
    )

    inferencer = ForgeryInferencer(
        args.model,
        args.weights,
        args.device,
        tile=args.tile,
        overlap=args.overlap,
        tta=args.tta,
        pixel_limit=args.pixel_limit,
        trust_config=args.trust_config,
    )
    labelled = (
        steps.labelled_lists(args.lists, args.data_root)
        if args.lists
        else steps.labelled_folders(args.forged, args.authentic, args.source_pattern)
    )
    images = steps.calibration_images(inferencer, labelled)
    found = fit_calibration(images, args.false_alarm_rate, inferencer.map_settings)
    write_calibration(args.out, found, inferencer.model.weights_sha256)
    if args.checkpoint_out:
        file = args.weights or model_file(args.model)
        steps.store_calibration(file, found, args.checkpoint_out)
    (low, high), (least, most) = found.false_alarm_interval(), found.miss_interval()
    print(
        f'{args.out}: {found.summary}, fitted on {found.n_fit_forged} forged and '
        f'{found.n_fit_authentic} authentic images of different sources\n'
        f'held out: {found.n_forged} forged and {found.n_authentic} authentic images; '
        f'AUC {found.auc:.3f}, expected calibration error {found.error:.3f}\n'
        f'stated rate of wrong verdicts: {found.rate:g}; forged above '
        f'{found.forged_above:.4f} ({found.false_alarms} of {found.n_authentic} '
        f'authentic images, 95 % interval {low:.3f} to {high:.3f}), authentic below '
        f'{found.authentic_below:.4f} ({found.missed} of {found.n_forged} forged '
        f'images, {least:.3f} to {most:.3f})'
    )
    return 0


if __name__ == '__main__':
    sys.exit(main())
