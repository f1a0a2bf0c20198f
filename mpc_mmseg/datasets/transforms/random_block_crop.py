"""A random crop on the grid of JPEG's blocks."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomBlockCrop(BaseTransform):
    """Crop image and mask at native resolution, with the corner on a grid.

    JPEG divides a photograph into blocks of 8x8 pixels from its corner. With a corner
    on that grid, what the blocks tell of an earlier compression lies alike in every
    crop, as it does in the whole photograph that is tested. Where the photograph is
    smaller than the crop it is kept whole.

    Required Keys: img, seg_fields (optional). Modified Keys: img, img_shape and the
    seg_fields.

    Args:
        size: (height, width) of the crop, in pixels.
        block: Spacing of the grid, in pixels; 1 for a crop anywhere.

    Raises:
        ValueError: If a number is not a positive integer.
    """

    def __init__(self, size: tuple[int, int], block: int = 8) -> None:
        for name, value in (('size', size), ('block', (block,))):
            whole = all(isinstance(each, int) and each > 0 for each in value)
            if not whole or (name == 'size' and len(value) != 2):
                raise ValueError(f'{name} must be of positive integers, got {value!r}')
        self.size = int(size[0]), int(size[1])
        self.block = int(block)

    @cache_randomness
    def random_corner(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Top and left of a crop of an image of a shape (height, width)."""
        spare = (max(0, have - want) for have, want in zip(shape, self.size))
        top, left = (
            self.block * int(np.random.randint(room // self.block + 1))
            for room in spare
        )
        return top, left

    def transform(self, results: dict) -> dict:
        top, left = self.random_corner(results['img'].shape[:2])
        height, width = self.size
        for key in ('img', *results.get('seg_fields', [])):
            results[key] = results[key][top : top + height, left : left + width]
        results['img_shape'] = results['img'].shape[:2]
        return results
