"""Export a trained model to ONNX, for onnxruntime.

    python tools/export_onnx.py CONFIG CHECKPOINT --out model.onnx

The file accepts any batch and image size. Before it is written, its probabilities are
compared with PyTorch's. tools/infer.py --model model.onnx runs it.

Input 'image': float32 (B, 3, H, W), resized, normalised and padded as described in the
file's metadata (key 'mpc_mmseg', JSON: resize, channel_order, mean, std, pad_value,
size_divisor; also threshold, calibration, config_sha256, weights_sha256). Output
'prob': float32 (B, 1, H/4, W/4), the probability that a pixel is forged.
"""

import argparse
import sys
from pathlib import Path


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config file')
    parser.add_argument(
        'checkpoint', help='checkpoint of phase 2, or name of a published model'
    )
    parser.add_argument('--out', required=True, metavar='FILE', help='the .onnx file')
    args = parser.parse_args()
    if not args.out.endswith('.onnx'):
        parser.error(f'--out must end in .onnx, got {args.out}')
    return args


def main() -> int:
    args = parse_args()
    # Imported here, so that --help does not wait for torch.
    from mpc_mmseg.apis.export.onnx_export import describe, export_onnx
    from mpc_mmseg.apis.inference.model_from_files import load_model
    from mpc_mmseg.apis.zoo.zoo import model_file

    try:
        checkpoint = model_file(args.checkpoint)
        model, cfg = load_model(args.config, checkpoint, 'cpu')
        error = export_onnx(model, describe(model, cfg, checkpoint), args.out)
    except (OSError, ValueError, RuntimeError, ImportError) as problem:
        print(f'export_onnx.py: {problem}', file=sys.stderr)
        return 2
    size = Path(args.out).stat().st_size / 2**20
    print(f"{args.out}: {size:.1f} MiB, probabilities within {error:.1e} of PyTorch's")
    return 0


if __name__ == '__main__':
    sys.exit(main())
