"""Export a trained model to ONNX, for onnxruntime.

    mpcseg export NAME --out models        # or: python tools/export_onnx.py ...
    mpcseg export work_dirs/RUN/best.pth --out models
    mpcseg export CONFIG CHECKPOINT --out models/photographs.onnx

--out is a folder, in which the file has the name of the checkpoint, or ends in .onnx.
The file accepts any batch and image size. Before it is written, its probabilities are
compared with PyTorch's. mpcseg infer --model FILE.onnx runs it.

Input 'image': float32 (B, 3, H, W), resized, normalised and padded as described in the
file's metadata (key 'mpc_mmseg', JSON: resize, channel_order, mean, std, pad_value,
size_divisor; also threshold, calibration, config_sha256, weights_sha256). Output
'prob': float32 (B, 1, h, w), the probability that a pixel is forged, at the size of the
head's map.
"""

import argparse
import sys
from pathlib import Path

from inference_arguments import add_model, check_model


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_model(parser, positional=True)
    parser.add_argument(
        '--out', required=True, metavar='DIR', help='folder, or a file FILE.onnx'
    )
    args = parser.parse_args()
    check_model(parser, args)
    return args


def main() -> int:
    args = parse_args()
    # Imported here, so that --help does not wait for torch.
    from mpc_mmseg.apis.export.onnx_export import describe, export_onnx
    from mpc_mmseg.apis.inference.model_from_files import load_model
    from mpc_mmseg.apis.zoo.zoo import model_file
    from mpc_mmseg.plain_text import print_error

    try:
        weights = Path(args.weights or model_file(args.model))
        model, cfg = load_model(
            args.model,
            args.weights,
            'cpu',
            args.trust_config,
            with_calibration=True,
        )
        out = Path(args.out)
        if out.suffix != '.onnx':
            out.mkdir(parents=True, exist_ok=True)
            out = out / f'{weights.stem}.onnx'
        error = export_onnx(model, describe(model, cfg, weights), out)
    except (OSError, ValueError, RuntimeError, ImportError) as problem:
        print_error(Path(sys.argv[0]).name, problem)
        return 2
    size = out.stat().st_size / 2**20
    print(f"{out}: {size:.1f} MiB, probabilities within {error:.1e} of PyTorch's")
    return 0


if __name__ == '__main__':
    sys.exit(main())
