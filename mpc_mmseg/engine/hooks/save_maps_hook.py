"""Writes the probability maps of a test run."""

import os
import os.path as osp

import cv2
import numpy as np
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from mpc_mmseg.probability import map_name


@HOOKS.register_module()
class SaveMapsHook(Hook):
    """Writes each tested image's probability map as a 16-bit PNG at native size.

    Args:
        out_dir: Folder, with a subfolder for each data set.
    """

    def __init__(self, out_dir: str) -> None:
        self.out_dir = out_dir

    def after_test_iter(
        self, runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """Write the maps of a batch."""
        for sample in outputs or ():
            meta = sample.metainfo
            folder = osp.join(self.out_dir, meta.get('dataset_name') or 'images')
            os.makedirs(folder, exist_ok=True)
            path = osp.join(folder, map_name(meta))
            prob = sample.forgery_prob.data[0].cpu().numpy()
            if not cv2.imwrite(path, np.round(prob * 65535).astype(np.uint16)):
                raise OSError(f'could not write {path}')
