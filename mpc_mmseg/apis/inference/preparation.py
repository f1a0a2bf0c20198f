"""How images are prepared for a network, from the steps of a test pipeline."""

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
import torch
from mmseg.structures import SegDataSample

_NOTED = ('img_path', 'ori_shape', 'img_shape')


def preparation(
    steps: Sequence[dict[str, Any]],
) -> Callable[[dict[str, Any]], Any]:
    """Gives what the steps of a pipeline do one after the other.

    The usual ones, resizing to a size and packing, are done without importing mmseg's
    transforms and what they import.

    Args:
        steps: Configs, without loading.

    Returns:
        Images as `LoadForgeryImage` gives them -> ``inputs`` and ``data_samples``.
    """
    *before, last = steps
    if last == {'type': 'PackForgeryInputs'}:
        if not before:
            return ResizeAndPack(None)
        scale = before[0].get('scale')
        plain = [{'type': 'Resize', 'scale': scale}]
        if before == plain and isinstance(scale, tuple | list):
            return ResizeAndPack((scale[0], scale[1]))
    from mmengine.dataset import Compose
    from mmseg.registry import TRANSFORMS

    import mpc_mmseg.datasets.transforms  # noqa: F401 - registers them

    return Compose([TRANSFORMS.build(step) for step in steps])


class ResizeAndPack:
    """Does what ``Resize`` and ``PackForgeryInputs`` do with an image alone.

    Args:
        scale: (width, height); None to leave images as they are.
    """

    def __init__(self, scale: tuple[int, int] | None) -> None:
        self.scale = scale

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        """Gives ``inputs`` (3, H, W) uint8 and ``data_samples``."""
        image = results['img']
        meta = {key: results[key] for key in _NOTED}
        if self.scale is not None:
            height, width = image.shape[:2]
            if (width, height) != self.scale:
                image = cv2.resize(image, self.scale, interpolation=cv2.INTER_LINEAR)
            meta['img_shape'] = image.shape[:2]
            meta['scale_factor'] = (self.scale[0] / width, self.scale[1] / height)
        pixels = np.ascontiguousarray(image.transpose(2, 0, 1))
        return {
            'inputs': torch.from_numpy(pixels),
            'data_samples': SegDataSample(metainfo=meta),
        }
