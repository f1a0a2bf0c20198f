"""The whole picture, smaller, in the frame that it had."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from .random_range import check_range, draw


@TRANSFORMS.register_module()
class RandomDownscale(BaseTransform):
    """Shrink the picture at random and pad it to the size that it had.

    The picture stays in the middle of its frame. What it no longer covers is black
    in the image and ignored (255) in the mask. MPC's augmentation (IEEE TIFS 2025).

    Required Keys: img, seg_fields (optional). Modified Keys: img and the seg_fields.

    Args:
        scale: Range of the scale of both sides, at most 1.
        pad_val: Grey level of what is uncovered in the image.
        seg_pad_val: The same in the mask.

    Raises:
        ValueError: If the range is not within 0.01..1.
    """

    def __init__(
        self,
        scale: tuple[float, float] = (0.5, 1.0),
        pad_val: int = 0,
        seg_pad_val: int = 255,
    ) -> None:
        self.scale = check_range('scale', scale, 0.01, 1)
        self.pad_val = pad_val
        self.seg_pad_val = seg_pad_val

    @cache_randomness
    def random_scale(self) -> float:
        return draw(self.scale)

    def transform(self, results: dict) -> dict:
        scale = self.random_scale()
        # Linear as the resize to the network's size; masks by the pixel's centre.
        results['img'] = shrink_in_frame(
            results['img'], scale, self.pad_val, cv2.INTER_LINEAR
        )
        for key in results.get('seg_fields', []):
            results[key] = shrink_in_frame(
                results[key], scale, self.seg_pad_val, cv2.INTER_NEAREST_EXACT
            )
        return results


def shrink_in_frame(
    image: np.ndarray, scale: float, fill: int, interpolation: int
) -> np.ndarray:
    """An image shrunk to a scale, in the middle of a frame of its former size.

    Args:
        image: (H, W) or (H, W, 3) uint8.
        scale: Of both sides, at most 1.
        fill: Value of what it does not cover.
        interpolation: OpenCV's code.

    Returns:
        As ``image``.
    """
    height, width = image.shape[:2]
    small = max(1, round(height * scale)), max(1, round(width * scale))
    if small == (height, width):
        return image
    top, left = (height - small[0]) // 2, (width - small[1]) // 2
    return cv2.copyMakeBorder(
        cv2.resize(image, small[::-1], interpolation=interpolation),
        top,
        height - small[0] - top,
        left,
        width - small[1] - left,
        cv2.BORDER_CONSTANT,
        value=(fill, fill, fill),
    )
