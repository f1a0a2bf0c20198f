"""Show where images were forged.

    python tools/infer.py photo.jpg --model work_dirs/RUN/best.pth --out results
    python tools/infer.py photos/ --model CONFIG.py --weights best.pth --out results

For each image STEM.* it writes to the output folder, in the image's sub-folder:

    STEM_mask.png      white where the image was forged
    STEM_heatmap.png   how probable that is, with a colour scale
    STEM_overlay.png   the image with the mask on it

and one line to results.jsonl: path, size [height, width], image_score (the highest
probability), forged_share (of the pixels), threshold, files; after tools/calibrate.py
also forged_probability and verdict (forged, authentic or inconclusive). Of an image
that cannot be read the line holds path and error; the others go on and the exit status
is 1.
"""

import argparse
import sys


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'input', help='an image, or a folder of images, read with its sub-folders'
    )
    parser.add_argument(
        '--model',
        required=True,
        metavar='FILE',
        help='a checkpoint of tools/train.py, or a config file (then give --weights)',
    )
    parser.add_argument(
        '--weights', metavar='FILE', help='checkpoint to use with a config file'
    )
    parser.add_argument(
        '--out', required=True, metavar='DIR', help='folder of the results'
    )
    parser.add_argument(
        '--device', help='for instance cpu or cuda:1; default: the GPU if there is one'
    )
    parser.add_argument(
        '--threshold',
        type=float,
        help='probability above which a pixel is called forged; default: that of the '
        "model's config, 0.5 unless set there",
    )
    parser.add_argument(
        '--save-prob',
        action='store_true',
        help='also write STEM_prob.png, the probabilities as a 16-bit grey PNG',
    )
    parser.add_argument(
        '--trusted',
        action='store_true',
        help='load checkpoints that hold Python objects; these can run code, so only '
        'for files whose origin you trust',
    )
    args = parser.parse_args()
    if args.threshold is not None and not 0 <= args.threshold <= 1:
        parser.error(f'--threshold must be in 0..1, got {args.threshold}')
    if args.model.endswith(('.py', '.yml', '.yaml', '.json')) and not args.weights:
        parser.error(f'--model {args.model} is a config: its --weights are needed')
    return args


def main() -> int:
    args = parse_args()
    # Imported late: --help need not wait for torch.
    from mpc_mmseg.apis.folder_inference import infer_folder

    try:
        n_images, failures = infer_folder(
            args.input,
            args.out,
            model=args.model,
            weights=args.weights,
            device=args.device,
            threshold=args.threshold,
            save_prob=args.save_prob,
            trusted=args.trusted,
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
    sys.exit(main())
