"""The mixture of origins: what a run is shown."""

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
from mmengine.config import Config
from mmseg.registry import DATASETS

from mpc_mmseg.datasets.dataset_configs import innermost_datasets

PATH = Path(__file__).parents[2] / 'configs/_base_/datasets/multi_origin.py'


def folder(root, names, rng):
    for name in names:
        coarse = rng.uniform(0, 255, (40, 48, 3)).astype(np.float32)
        picture = cv2.resize(coarse, (768, 640), interpolation=cv2.INTER_CUBIC)
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / name), np.clip(picture, 0, 255).astype(np.uint8))


def test_every_origin_is_shown_forged_and_authentic(tmp_path):
    rng = np.random.default_rng(0)
    for origin in ('cameras', 'bsds500/images', 'kodak24'):
        folder(tmp_path / origin, ('0.jpg', '1.jpg'), rng)
    forgery = tmp_path / 'forgery'
    folder(forgery, ('images/a.jpg', 'authentic/b.jpg', 'authentic/c.jpg'), rng)
    mask = np.zeros((640, 768), np.uint8)
    mask[100:500, 100:600] = 255
    (forgery / 'masks').mkdir()
    cv2.imwrite(str(forgery / 'masks/a.png'), mask)
    (forgery / 'train.txt').write_text('images/a.jpg\tmasks/a.png\n')
    lines = 'authentic/b.jpg\t-\nauthentic/c.jpg\t-\n'
    (forgery / 'train_authentic.txt').write_text(lines)

    config = Config.fromfile(PATH).train_dataloader.dataset
    for each in innermost_datasets(config):
        name = each.data_root.removeprefix('data/')
        each.data_root = str(tmp_path / name)
    dataset = DATASETS.build(config)
    np.random.seed(0)
    seen = Counter()
    for index in range(len(dataset)):
        sample = dataset[index]
        height, width = sample['inputs'].shape[1:]
        assert max(height, width) <= 256
        forged = bool((sample['data_samples'].gt_sem_seg.data == 1).any())
        path = Path(sample['data_samples'].img_path).relative_to(tmp_path)
        seen[path.parts[0], forged] += 1
    origins = {origin for origin, _ in seen}
    assert origins == {'bsds500', 'cameras', 'forgery', 'kodak24'}
    assert seen['cameras', True] and seen['cameras', False]
    assert seen['forgery', True] and seen['forgery', False]
