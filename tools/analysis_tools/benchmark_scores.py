"""Time of the scoring, compared with a network's forward pass and scikit-learn.

    python tools/analysis_tools/benchmark_scores.py

Prints a Markdown table; each figure is the median of several runs.
"""

import argparse
import os
import sys


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--repeats', type=int, default=7)
    parser.add_argument('--threads', type=int, default=os.cpu_count())
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    from pathlib import Path
    from statistics import median
    from time import perf_counter

    import cv2
    import numpy as np
    import torch
    from mmengine.config import Config
    from mmengine.registry import init_default_scope
    from mmseg.registry import MODELS
    from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

    import mpc_mmseg  # noqa: F401 - registers the plugin
    from mpc_mmseg.evaluation.conventions import build_conventions
    from mpc_mmseg.evaluation.conventions.convention import ScoredImage
    from mpc_mmseg.evaluation.functional.confusion import count_confusion, f1, iou
    from mpc_mmseg.probability import binarize

    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)

    def seconds(run, repeats=args.repeats):
        run()
        times = []
        for _ in range(repeats):
            start = perf_counter()
            run()
            times.append(perf_counter() - start)
        return median(times)

    def make(shape):
        rng = np.random.default_rng(0)
        truth = np.zeros(shape, np.uint8)
        truth[shape[0] // 4 : shape[0] // 2, shape[1] // 3 : shape[1] // 2] = 1
        noise = cv2.GaussianBlur(rng.random(shape, np.float32), (0, 0), 2)
        return np.clip(noise * 0.6 + truth * 0.3, 0, 1), truth

    def row(what, size, value, beside=''):
        print(f'| {what} | {size} | {value * 1e3:.1f} ms | {beside} |')

    print('| What | Size | Time | Beside |\n|---|---|---|---|')
    init_default_scope('mmseg')
    root = Path(__file__).parents[2]
    config = Config.fromfile(root / 'configs/_base_/models/mpc_hrnet_w18.py')
    for part in ('backbone', 'neck', 'decode_head'):
        config.model[part].pop('init_cfg', None)
    config.model.pop('pretrained', None)
    model = MODELS.build(config.model).eval()
    model.set_phase('localize')
    image = torch.rand(1, 3, 512, 512)
    with torch.inference_mode():
        forward = seconds(lambda: model._forward(image))
    row('forward of MPC on HRNet-W18', '512x512', forward)

    prob, truth = make((512, 512))
    conventions = build_conventions('all')

    def score_all():
        scored = ScoredImage(prob, truth, True, (512, 512))
        return [c.score_image(scored) for c in conventions]

    value = seconds(score_all)
    share = f'{value / forward:.1%} of the forward'
    row(f'all {len(conventions)} conventions', '512x512', value, share)

    for shape in ((512, 512), (3000, 4000)):
        prob, truth = make(shape)
        size = f'{shape[1]}x{shape[0]}'
        y, called = truth.ravel(), binarize(prob).ravel()

        def f1_and_iou(prob=prob, truth=truth):
            counts = count_confusion(binarize(prob), truth)
            return f1(counts, 0.0), iou(counts, 0.0)

        library = seconds(lambda y=y, x=called: f1_score(y, x), 1)
        row(
            'F1 and IoU, from the probabilities',
            size,
            seconds(f1_and_iou),
            f'scikit-learn f1_score alone: {library * 1e3:.0f} ms',
        )

    prob, truth = make((512, 512))
    y, p = truth.ravel(), prob.ravel()

    def curves(source):
        return source.roc_auc(), source.average_precision(), source.best_f1()

    library = seconds(lambda: (roc_auc_score(y, p), average_precision_score(y, p)), 3)
    binned = ScoredImage(prob, truth, True, (512, 512)).histogram
    row(
        'AUC, AP and best F1 by histogram',
        '512x512',
        seconds(lambda: curves(ScoredImage(prob, truth, True, (1, 1)).histogram)),
        f'scikit-learn AUC and AP: {library * 1e3:.0f} ms',
    )
    print()
    for name, exact in (
        ('roc_auc', roc_auc_score),
        ('average_precision', average_precision_score),
    ):
        low, high = getattr(binned, f'{name}_bounds')()
        error = abs(getattr(binned, name)() - exact(y, p))
        print(f'{name} by histogram: off by {error:.1e}, bounds {high - low:.1e} apart')
    return 0


if __name__ == '__main__':
    sys.exit(main())
