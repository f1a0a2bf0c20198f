"""A loss of resolution: through a smaller size and back."""

from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from mpc_mmseg.datasets.degradation import resample

from .random_range import check_range, draw


@TRANSFORMS.register_module()
class RandomResample(BaseTransform):
    """Shrink the image by area and enlarge it to its former size by cubics.

    Required Keys: img. Modified Keys: img.

    Args:
        scale: Range of the smaller size's scale, below 1.

    Raises:
        ValueError: If the range is not within 0.1..1.
    """

    def __init__(self, scale: tuple[float, float] = (0.25, 0.9)) -> None:
        self.scale = check_range('scale', scale, 0.1, 1)

    @cache_randomness
    def random_scale(self) -> float:
        return draw(self.scale)

    def transform(self, results: dict) -> dict:
        results['img'] = resample(results['img'], self.random_scale())
        return results
