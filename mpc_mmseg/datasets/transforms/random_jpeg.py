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
    OpenCV and Pillow mean by the word.

    Required Keys: img. Modified Keys: img.

    Args:
        quality: Range of the quality, both ends included, each as likely.
        full_chroma: How often the colours keep their resolution (4:4:4); else it is
            half (4:2:0).

    Raises:
        ValueError: If the range is not of integers within 1..100, or the share not
            within 0..1.
    """

    def __init__(
        self, quality: tuple[int, int] = (50, 95), full_chroma: float = 0.0
    ) -> None:
        low, high = check_range('quality', quality, 1, 100)
        if low != int(low) or high != int(high):
            raise ValueError(f'quality must be a range of integers, got {quality!r}')
        if not 0 <= full_chroma <= 1:
            raise ValueError(f'full_chroma must be within 0..1, got {full_chroma}')
        self.quality, self.full_chroma = (int(low), int(high)), full_chroma

    @cache_randomness
    def random_quality(self) -> int:
        return int(np.random.randint(self.quality[0], self.quality[1] + 1))

    @cache_randomness
    def random_chroma(self) -> bool:
        # Nothing is drawn where it is off, so that older configs give the same.
        return self.full_chroma > 0 and np.random.rand() < self.full_chroma

    def transform(self, results: dict) -> dict:
        quality = self.random_quality()
        results['img'] = jpeg(results['img'], quality, self.random_chroma())
        return results
