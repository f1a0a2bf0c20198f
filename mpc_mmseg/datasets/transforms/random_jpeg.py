"""JPEG compression of a random quality."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from mpc_mmseg.datasets.degradation import jpeg

from .random_range import check_range


@TRANSFORMS.register_module()
class RandomJPEG(BaseTransform):
    """Compress the image to JPEG in memory, and decode it.

    The qualities are those of the Independent JPEG Group's tables, which libjpeg,
    OpenCV and Pillow mean by the word. Chroma has half the resolution (4:2:0).

    Required Keys: img. Modified Keys: img.

    Args:
        quality: Range of the quality, both ends included, each as likely.

    Raises:
        ValueError: If the range is not of integers within 1..100.
    """

    def __init__(self, quality: tuple[int, int] = (50, 95)) -> None:
        low, high = check_range('quality', quality, 1, 100)
        if low != int(low) or high != int(high):
            raise ValueError(f'quality must be a range of integers, got {quality!r}')
        self.quality = int(low), int(high)

    @cache_randomness
    def random_quality(self) -> int:
        return int(np.random.randint(self.quality[0], self.quality[1] + 1))

    def transform(self, results: dict) -> dict:
        results['img'] = jpeg(results['img'], self.random_quality())
        return results
