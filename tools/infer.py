"""Localize forgeries in images.

    mpcseg infer photo.jpg --out results          # or: python tools/infer.py ...
    mpcseg infer photos/ 'scans/*.tif' list.txt --model NAME --out results
    mpcseg infer photos/ --model work_dirs/RUN/best.pth --out results
    mpcseg infer photos/ --model CONFIG --weights best.pth --out results

For each image STEM.* it writes to the output folder, in the image's sub-folder:

    STEM_mask.png      white where the image is predicted forged
    STEM_prob.png      probability as 16-bit grey (65535 is 1)
    STEM_overlay.png   the image with the mask outlined
    STEM_heatmap.png   the probability in colours, with a scale (--write heatmap)

and one line to results.jsonl: path, size [height, width], regions (connected components
of the mask: box [x, y, width, height], area, mean_score), image_score (the highest
probability), forged_share (of the pixels), threshold, files, statement (the result in
words, or why there is no verdict); with a calibration of tools/calibrate.py that holds
for the image also forged_probability and verdict (forged, authentic, inconclusive); of
a contrast-phase checkpoint also phase and cluster_separation (below 0.2: one source, no
region). The line of a JPEG of which a part was lost or replaced has warnings: the map
may show the damage. If an image cannot be read, its line contains path and error, the
other images are still predicted, and the exit status is 1.

The same command with --resume resumes an interrupted run.
"""

import argparse
import gc
import sys
from pathlib import Path

from free_cores import leave_busy_cores
from inference_arguments import (
    add_calibration,
    add_device,
    add_map_arguments,
    add_model,
    add_pixel_limit,
    check_model,
)
from lazy_package import parts_when_used


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'inputs',
        nargs='+',
        metavar='INPUT',
        help='images, folders, read with their sub-folders, quoted patterns, and lists '
        '(.txt: one of these per line, relative to the list)',
    )
    add_model(parser)
    parser.add_argument(
        '--out', required=True, metavar='DIR', help='folder of the results'
    )
    add_device(parser)
    add_calibration(parser)
    add_map_arguments(parser)
    add_pixel_limit(parser)
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
        '--sources',
        choices=('auto',),
        help='also write STEM_sources.png, the photograph separated into any number of '
        'sources by HDBSCAN, and n_sources; for contrast-phase checkpoints',
    )
    parser.add_argument(
        '--resume',
        action='store_true',
        help='skip images that an earlier run with the same settings finished',
    )
    args = parser.parse_args()
    check_model(parser, args)
    return args


def main() -> int:
    # Imports create many objects but no garbage: collect rarely.
    gc.set_threshold(100_000, 10, 10)
    args, prog = parse_args(), Path(sys.argv[0]).name
    leave_busy_cores()
    with parts_when_used():  # importing everything takes longer than an image
        from mpc_mmseg.apis.inference.folder_inference import infer_folder
        from mpc_mmseg.freed_memory import keep_freed_memory
        from mpc_mmseg.plain_text import print_error
    keep_freed_memory()
    try:
        n_images, failures = infer_folder(
            args.inputs,
            args.out,
            model=args.model,
            kinds=args.write,
            resume=args.resume,
            cluster_sources=args.sources is not None,
            weights=args.weights,
            device=args.device,
            threshold=args.threshold,
            batch_size=args.batch_size,
            amp=args.amp,
            tile=args.tile,
            overlap=args.overlap,
            tta=args.tta,
            pixel_limit=args.pixel_limit,
            calibration=args.calibration,
            trust_config=args.trust_config,
        )
    except (OSError, ValueError, RuntimeError) as error:
        print_error(prog, error)
        return 2
    except KeyboardInterrupt:
        print_error(prog, 'interrupted; the same command with --resume resumes')
        return 130
    for failure in failures:
        print_error(prog, failure)
    done = n_images - len(failures)
    print(f'{done} of {n_images} images: {args.out}/results.jsonl')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
