"""Samples whose images need not be read any more."""

from typing import Any

import numpy as np
from torch.utils.data import Dataset

from mpc_mmseg.datasets.transforms import PackForgeryInputs

from .feature_cache import FeatureCache


class StoredSamples(Dataset):
    """A data set's samples with masks from a cache and blank images.

    For training on stored embeddings, which looks at no image: once the cache is there,
    nothing is decoded. Until then samples come from the data set. Each worker process
    finds out by itself.

    Args:
        dataset: The data set.
        cache: A cache of its images; the names are their paths.
    """

    def __init__(self, dataset: Any, cache: FeatureCache) -> None:
        self.dataset = dataset
        self.cache = cache
        self._pack = PackForgeryInputs()

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> dict:
        if self.cache.masks is None and not self.cache.open_masks():
            return self.dataset[index]
        info = self.dataset.get_data_info(index)
        mask = self.cache.read_mask(info['img_path'])
        return self._pack(
            {
                **info,
                'img': np.zeros((*mask.shape, 3), np.uint8),
                'img_shape': mask.shape,
                'gt_seg_map': mask,
            }
        )
