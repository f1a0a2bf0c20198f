"""Collect pixel embeddings of a data set, for the plot in a report.

    python tools/demo/embeddings.py CONFIG --out before.npz [--checkpoint FILE]

writes arrays embeddings (N, C), L2-normalised, from the finest map, and labels
(N,), 1 forged and 0 authentic, as many of each class. Without a checkpoint the
network has the initial random weights of training with the config's seed.
"""

import argparse


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config file; its test data is embedded')
    parser.add_argument('--data-root', help='data_root of every data set of the config')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE')
    parser.add_argument('--checkpoint', help='checkpoint of either phase')
    parser.add_argument('--out', required=True, help='.npz file to write')
    parser.add_argument(
        '--per-image', type=int, default=20, help='pixels per class and image (20)'
    )
    parser.add_argument(
        '--save-untrained',
        metavar='FILE',
        help='write the random weights as a checkpoint of the localize phase, to score '
        'the untrained network with tools/test.py',
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    import numpy as np
    import torch
    from mmengine.logging import MMLogger
    from mmengine.registry import init_default_scope
    from mmengine.runner import Runner, set_random_seed
    from mmseg.registry import MODELS

    from mpc_mmseg.engine.checkpoints.safe_reading import read_checkpoint
    from mpc_mmseg.engine.launch import load_config
    from mpc_mmseg.models.losses.contrast_loss import masks_for

    cfg = load_config(args.config, args.cfg_options, args.data_root)
    init_default_scope('mmseg')
    MMLogger.get_instance('embeddings', log_level='WARNING')
    set_random_seed(cfg.randomness.seed)
    model = MODELS.build(cfg.model)
    model.init_weights()
    if args.checkpoint:
        model.load_state_dict(read_checkpoint(args.checkpoint)['state_dict'])
    if args.save_untrained:
        meta = dict(cfg=cfg.pretty_text, mpc_phase='localize')
        torch.save(dict(meta=meta, state_dict=model.state_dict()), args.save_untrained)
    model.eval()
    sampler = MODELS.build(dict(type='RandomPixelSampler', max_pixels=args.per_image))
    found: dict[int, list[torch.Tensor]] = {0: [], 1: []}
    for batch in Runner.build_dataloader(cfg.test_dataloader, seed=0):
        data = model.data_preprocessor(batch)
        with torch.no_grad():
            maps = model.extract_feat(data['inputs'])
        for i, sample in enumerate(data['data_samples']):
            label = masks_for([maps[0][i : i + 1]], sample.gt_sem_seg.data)[0][0]
            pixels = sampler([maps[0][i : i + 1]], [label[None]])
            if pixels.forged.sizes[0]:
                for of_class, packed in zip(found.values(), pixels):
                    of_class.append(packed.rows[0, : packed.sizes[0]])
    classes = [torch.cat(found[label]).numpy() for label in (0, 1)]
    content = dict(
        embeddings=np.concatenate(classes),
        labels=np.repeat([0, 1], [len(c) for c in classes]),
    )
    np.savez_compressed(args.out, **content)


if __name__ == '__main__':
    main()
