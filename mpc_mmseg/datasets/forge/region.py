"""Which part of a photograph is cut out, painted over or changed."""

from collections.abc import Callable, Sequence

import numpy as np

from .object_mask import object_mask
from .superpixel_mask import superpixel_mask

#: (image, smallest and largest share of the frame, randomness) -> (H, W) uint8 0/1.
Region = Callable[[np.ndarray, tuple[float, float], np.random.Generator], np.ndarray]


def choose_region(
    objects: Sequence[np.ndarray] = (), superpixel_probability: float = 0.0
) -> Region:
    """An annotated object where one fits, else superpixels or a drawn region.

    Args:
        objects: (H, W) uint8 0/1, objects known in the image; those that the frame cuts
            off are not used.
        superpixel_probability: how often superpixels are joined rather than a region
            drawn, where no object fits.
    """
    whole = [each for each in objects if not _touches_frame(each)]

    def region(
        image: np.ndarray, area_range: tuple[float, float], rng: np.random.Generator
    ) -> np.ndarray:
        low, high = area_range
        fitting = [each for each in whole if low <= each.mean() <= high]
        if fitting:
            return fitting[int(rng.integers(len(fitting)))]
        # nothing is drawn where it is off, so that a recipe's images stay the same
        if superpixel_probability and rng.random() < superpixel_probability:
            joined = superpixel_mask(image, area_range, rng)
            if joined is not None:
                return joined
        return object_mask(image, area_range, rng)

    return region


def _touches_frame(mask: np.ndarray) -> bool:
    edges = (mask[0], mask[-1], mask[:, 0], mask[:, -1])
    return any(bool(edge.any()) for edge in edges)
