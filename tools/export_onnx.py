"""Export a trained model to ONNX, for onnxruntime.

    python tools/export_onnx.py CONFIG CHECKPOINT --out model.onnx
    python tools/export_onnx.py CONFIG CHECKPOINT --out model.onnx --int8 --score \\
        --data-root my_forgeries

The file takes any batch and size, and its probabilities are compared with PyTorch's
before it is written. tools/infer.py --model model.onnx runs it.

Input 'image': float32 (B, 3, H, W), resized, normalised and padded as the file's
metadata says (key 'mpc_mmseg', JSON: resize, channel_order, mean, std, pad_value,
size_divisor; also threshold, calibration, config_sha256, weights_sha256). Output
'prob': float32 (B, 1, H/4, W/4), the probability that a pixel was forged.
"""

import argparse
import sys
from pathlib import Path

# What is printed of the scores.
_SCORES = ('F1', 'IoU', 'pooled_AP')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint of phase 2')
    parser.add_argument('--out', required=True, metavar='FILE', help='the .onnx file')
    parser.add_argument(
        '--int8',
        action='store_true',
        help='also write STEM.int8.onnx with 8-bit weights (dynamic quantisation), and '
        'print how far its probabilities on noise differ',
    )
    parser.add_argument(
        '--score',
        action='store_true',
        help="score the files on the config's validation data",
    )
    parser.add_argument('--data-root', help='data_root of every data set of the config')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE')
    args = parser.parse_args()
    if not args.out.endswith('.onnx'):
        parser.error(f'--out must end in .onnx, got {args.out}')
    return args


def main() -> int:
    args = parse_args()
    from mpc_mmseg.apis.inference.model_from_files import load_model

    try:
        from mpc_mmseg.apis.export import onnx_int8
        from mpc_mmseg.apis.export.onnx_export import describe, export_onnx

        model, cfg = load_model(args.config, args.checkpoint, 'cpu')
        error = export_onnx(model, describe(model, cfg, args.checkpoint), args.out)
        files = [args.out]
        print(
            f'{args.out}: {_mebibytes(args.out):.1f} MiB, probabilities within '
            f"{error:.1e} of PyTorch's"
        )
        if args.int8:
            small = str(Path(args.out).with_suffix('.int8.onnx'))
            onnx_int8.quantise(args.out, small)
            mean, largest = onnx_int8.probability_differences(args.out, small)
            files.append(small)
            print(
                f'{small}: {_mebibytes(small):.1f} MiB, probabilities on noise differ '
                f'by {mean:.4f} in the mean, by {largest:.4f} at most'
            )
        if args.score:
            scores = [
                onnx_int8.scores_on_validation(
                    args.config, file, args.cfg_options, args.data_root
                )
                for file in files
            ]
            for file, score in zip(files, scores):
                print(f'{file}:', _line(score))
            if args.int8:
                loss = {
                    key: value - scores[1][key]
                    for key, value in scores[0].items()
                    if key in scores[1]
                }
                print('lost by 8 bits:', _line(loss))
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        print(f'export_onnx.py: {error}', file=sys.stderr)
        return 2
    return 0


def _mebibytes(path: str) -> float:
    return Path(path).stat().st_size / 2**20


def _line(scores: dict[str, float]) -> str:
    return ', '.join(
        f'{key} {value:.4f}'
        for key, value in scores.items()
        if key.split('/')[-1] in _SCORES
    )


if __name__ == '__main__':
    sys.exit(main())
