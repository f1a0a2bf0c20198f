"""Localize forgeries in images.

    python tools/infer.py photo.jpg --model NAME --out results
    python tools/infer.py photo.jpg --model work_dirs/RUN/best.pth --out results
    python tools/infer.py photos/ --model CONFIG.py --weights best.pth --out results

For each image STEM.* it writes to the output folder, in the image's sub-folder:

    STEM_mask.png      white where the image is predicted forged
    STEM_prob.png      probability as 16-bit grey (65535 is 1)
    STEM_overlay.png   the image with the mask outlined
    STEM_heatmap.png   the probability in colours, with a scale (--write heatmap)

and one line to results.jsonl: path, size [height, width], regions (connected components
of the mask: box [x, y, width, height], area, mean_score), image_score (the highest
probability), forged_share (of the pixels), threshold, files; after tools/calibrate.py
also forged_probability and verdict (forged, authentic or inconclusive), except with
--tile or --tta, for which the calibration does not hold. If an image cannot be read,
its line contains path and error, the other images are still predicted, and the exit
status is 1.

The same command with --resume resumes an interrupted run.
"""

import argparse
import gc
import os
import sys

from inference_arguments import add_map_arguments, add_model_arguments


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'input',
        help='an image, a folder of images, read with its sub-folders, or a quoted '
        'pattern',
    )
    parser.add_argument(
        '--model',
        required=True,
        metavar='MODEL',
        help='name of a published model (docs/zoo.md), a checkpoint of tools/train.py, '
        'or a config file or the name of one (then give --weights)',
    )
    parser.add_argument(
        '--out', required=True, metavar='DIR', help='folder of the results'
    )
    add_model_arguments(
        parser, None, 'torch device, such as cuda:1; default: the GPU if there is one'
    )
    add_map_arguments(parser)
    parser.add_argument(
        '--write',
        nargs='+',
        choices=('mask', 'prob', 'overlay', 'heatmap'),
        default=['mask', 'prob', 'overlay'],
        metavar='KIND',
        help='pictures to write: mask, prob, overlay (the default), heatmap',
    )
    parser.add_argument(
        '--batch-size',
        type=int,
        default=1,
        metavar='N',
        help='images, or tiles, per batch; default: 1',
    )
    parser.add_argument(
        '--amp',
        action='store_true',
        help='compute in bfloat16 (CPU) or float16 (GPU) where that is safe',
    )
    parser.add_argument(
        '--similarity',
        type=_pixel,
        metavar='X,Y',
        help='also write STEM_similarity.png, the similarity of all embeddings to that '
        'of this pixel, and cluster_separation (0..1), how clearly the embeddings form '
        'two clusters',
    )
    parser.add_argument(
        '--resume',
        action='store_true',
        help='skip images that an earlier run with the same settings finished',
    )
    parser.add_argument(
        '--fold-batch-norm',
        action='store_true',
        help='merge BatchNorm into the convolutions: faster, and equal up to rounding',
    )
    args = parser.parse_args()
    if args.threshold is not None and not 0 <= args.threshold <= 1:
        parser.error(f'--threshold must be in 0..1, got {args.threshold}')
    is_config = args.model.endswith(('.py', '.yml', '.yaml', '.json'))
    if is_config and not args.weights:
        parser.error(f'--model {args.model} is a config: also give --weights')
    return args


def _pixel(text: str) -> tuple[int, int]:
    x, y = text.split(',')
    return int(x), int(y)


def main() -> int:
    args = parse_args()
    # Lazy imports: importing all of the package takes longer than an image.
    os.environ['MPC_MMSEG_LAZY'] = '1'
    # Imported here, so that --help does not wait for it.
    from mpc_mmseg.apis.inference.folder_inference import infer_folder
    from mpc_mmseg.freed_memory import keep_freed_memory

    del os.environ['MPC_MMSEG_LAZY']
    keep_freed_memory()
    try:
        n_images, failures = infer_folder(
            args.input,
            args.out,
            model=args.model,
            kinds=args.write,
            resume=args.resume,
            similarity=args.similarity,
            weights=args.weights,
            device=args.device,
            threshold=args.threshold,
            fold_batch_norm=args.fold_batch_norm,
            batch_size=args.batch_size,
            amp=args.amp,
            tile=args.tile,
            overlap=args.overlap,
            tta=args.tta,
            pixel_limit=args.pixel_limit,
        )
    except (OSError, ValueError, RuntimeError) as error:
        print(f'infer.py: {error}', file=sys.stderr)
        return 2
    for failure in failures:
        print(f'infer.py: {failure}', file=sys.stderr)
    done = n_images - len(failures)
    print(f'{done} of {n_images} images: {args.out}/results.jsonl')
    return 1 if failures else 0


if __name__ == '__main__':
    # Imports create many objects but no garbage: collect rarely.
    gc.set_threshold(100_000, 10, 10)
    sys.exit(main())
