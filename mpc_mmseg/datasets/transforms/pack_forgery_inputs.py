from __future__ import annotations

from collections.abc import Sequence

from mmseg.datasets.transforms import PackSegInputs
from mmseg.registry import TRANSFORMS

_OF_MMSEG = """
    img_path seg_map_path ori_shape img_shape pad_shape scale_factor flip flip_direction
    reduce_zero_label
"""
_OWN = 'dataset_name forged allow_empty_truth sample_idx source_groups tags'


@TRANSFORMS.register_module()
class PackForgeryInputs(PackSegInputs):
    """mmseg's PackSegInputs, with the entries that metric and reports need.

    Args:
        meta_keys: Entries of the sample that go into the data sample's metainfo. The
            defaults are mmseg's and ``dataset_name``, ``forged`` (whether the image has
            a mask), ``allow_empty_truth``, ``sample_idx``, and ``source_groups`` and
            ``tags``, by which scores are grouped.
    """

    def __init__(
        self, meta_keys: Sequence[str] = (*_OF_MMSEG.split(), *_OWN.split())
    ) -> None:
        super().__init__(meta_keys=meta_keys)
