"""Calibrate the image-level scores of a checkpoint.

    python tools/calibrate.py CONFIG CHECKPOINT --data-root my_forgeries

Runs the checkpoint on the config's validation data (forged and authentic images),
fits image score, calibration and the thresholds of the verdict, and stores them in the
checkpoint. tools/infer.py and ForgeryInferencer then give the verdict forged, authentic
or inconclusive. With --per-image, a file of tools/test.py --per-image is used instead
of running the model. Do not calibrate on images for which you report scores.
"""

import argparse
import sys


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file, which is updated')
    parser.add_argument('--data-root', help='data_root of every data set of the config')
    parser.add_argument(
        '--per-image', metavar='FILE', help='JSON lines of tools/test.py --per-image'
    )
    parser.add_argument(
        '--image-score',
        default='logistic',
        choices=['max', 'top_0.1%', 'top_1%', 'logistic'],
        help='summary of a map; logistic is a regression on the others',
    )
    parser.add_argument(
        '--method', default='temperature', choices=['temperature', 'isotonic']
    )
    parser.add_argument(
        '--false-alarm-rate',
        type=float,
        default=0.05,
        help='maximum share of authentic images predicted forged, and of forged ones '
        'predicted authentic',
    )
    parser.add_argument('--work-dir', help='folder of the log')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE')
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    from mpc_mmseg.apis.calibrate_checkpoint import (
        features_of_validation,
        read_features,
        store_calibration,
    )
    from mpc_mmseg.evaluation.image_calibration import fit_calibration

    try:
        if args.per_image:
            features, forged = read_features(args.per_image)
        else:
            features, forged = features_of_validation(
                args.config,
                args.checkpoint,
                args.cfg_options,
                args.data_root,
                args.work_dir,
            )
        calibration = fit_calibration(
            features, forged, args.image_score, args.method, args.false_alarm_rate
        )
        store_calibration(args.checkpoint, calibration)
    except (OSError, ValueError, RuntimeError) as error:
        print(f'calibrate.py: {error}', file=sys.stderr)
        return 2
    print(
        f'{args.checkpoint}: fitted on {calibration.n_forged} forged and '
        f'{calibration.n_authentic} authentic images\n'
        f'expected calibration error {calibration.ece_before:.4f} before, '
        f'{calibration.ece_after:.4f} after, by {calibration.n_folds}-fold '
        'cross-validation\n'
        f'forged above {calibration.forged_above:.4f}, authentic up to '
        f'{calibration.authentic_up_to:.4f}'
    )
    return 0


if __name__ == '__main__':
    sys.exit(main())
