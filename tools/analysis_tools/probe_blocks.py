"""Check in seconds whether JPEG blocks reveal the forged regions of a data set.

    python tools/analysis_tools/probe_blocks.py my_forgeries \\
        --train train.txt --val val.txt

Fits gradient boosting to the histograms of BlockHistogram, for some blocks of each
training photograph, and ranks all blocks of the forged validation photographs. The
baseline is the mean of the training masks, one map for all photographs, which knows the
position alone. If the blocks are not better, a network will not find traces of
compression either: the files may have been resized, cropped off the grid, or never been
JPEGs.
"""

import argparse
import os.path as osp

MEAN_SIZE = (48, 32)  # to which masks are resized for their mean


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('data_root', help='folder that the lists belong to')
    parser.add_argument(
        '--train',
        nargs='+',
        default=['train.txt'],
        help='lists to learn from; one outside data_root belongs to its own folder',
    )
    parser.add_argument('--val', default='val.txt', help='list to rank')
    parser.add_argument(
        '--blocks',
        type=int,
        default=30,
        help='of each class and photograph; default 30',
    )
    parser.add_argument('--seed', type=int, default=0, help='default 0')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    import cv2
    import numpy as np
    import torch
    from mmengine.registry import init_default_scope
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import average_precision_score, roc_auc_score

    from mpc_mmseg.datasets import ForgeryDataset
    from mpc_mmseg.models.input_filters.block_histogram import BLOCK, BlockHistogram

    init_default_scope('mmseg')
    load = [dict(type='LoadForgeryImage'), dict(type='LoadForgeryMask')]
    block_histogram = BlockHistogram()

    def photographs(name):
        """Histograms (H * W, C) and forged share (H, W) of each forgery's blocks."""
        path, root = osp.join(args.data_root, name), args.data_root
        if osp.isabs(name) or (not osp.isfile(path) and osp.isfile(name)):
            path, root = name, osp.dirname(name)
        data = ForgeryDataset(ann_file=osp.abspath(path), data_root=root, pipeline=load)
        for i in range(len(data)):
            if not data.get_data_info(i)['forged']:
                continue
            sample = data[i]
            image = torch.from_numpy(sample['img'][..., ::-1].copy())
            with torch.no_grad():
                known = block_histogram.histograms(
                    image.permute(2, 0, 1)[None] / 255.0
                )[0]
            height, width = known.shape[1:]
            mask = sample['gt_seg_map'][: height * BLOCK, : width * BLOCK] == 1
            share = mask.reshape(height, BLOCK, width, BLOCK).mean((1, 3))
            yield known.flatten(1).T.numpy(), share

    rng = np.random.default_rng(args.seed)
    seen, labels, masks = [], [], []
    for name in args.train:
        for known, share in photographs(name):
            masks.append(cv2.resize(share, MEAN_SIZE))
            share = share.ravel()
            # Blocks across the edge are of neither class.
            for label, members in ((1, share > 0.7), (0, share < 0.02)):
                chosen = rng.permutation(np.flatnonzero(members))[: args.blocks]
                seen.append(known[chosen])
                labels.append(np.full(len(chosen), label))
    model = HistGradientBoostingClassifier(
        max_iter=80, max_leaf_nodes=15, random_state=args.seed
    ).fit(np.concatenate(seen), np.concatenate(labels))

    mean_mask = np.mean(masks, axis=0)

    blocks, position, forged = [], [], []
    for known, share in photographs(args.val):
        blocks.append(model.predict_proba(known)[:, 1])
        position.append(cv2.resize(mean_mask, share.shape[::-1]).ravel())
        forged.append(share.ravel() > 0.5)
    every = np.concatenate(forged)
    print(
        f'{sum(map(len, labels))} blocks learned from, {len(forged)} forgeries ranked'
    )
    print(f'{every.mean():.3f} of their blocks forged')
    for name, scores in (('blocks', blocks), ('position alone', position)):
        each = [roc_auc_score(t, s) for t, s in zip(forged, scores) if 0 < t.mean() < 1]
        pooled = np.concatenate(scores)
        print(
            f'{name + ":":16}pooled AP {average_precision_score(every, pooled):.3f}, '
            f'pooled AUC {roc_auc_score(every, pooled):.3f}, '
            f'mean AUC {np.mean(each):.3f} over {len(each)} photographs'
        )


if __name__ == '__main__':
    main()
