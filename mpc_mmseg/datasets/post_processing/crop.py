"""The part of a photograph that is left after cropping."""

from typing import NamedTuple

import numpy as np


class Box(NamedTuple):
    """A part of an image in its pixels."""

    top: int
    left: int
    height: int
    width: int

    def cut(self, pixels: np.ndarray) -> np.ndarray:
        """Take the box out of an image (H, W, 3) or a mask (H, W)."""
        return np.ascontiguousarray(
            pixels[
                self.top : self.top + self.height, self.left : self.left + self.width
            ]
        )


def centre_box(size: tuple[int, int], share: float) -> Box:
    """Find the central part of an image of size (H, W), a share of each side long.

    Args:
        size: Of the image.
        share: Of each side that stays, above 0 and at most 1.
    """
    height, width = (max(1, round(share * side)) for side in size)
    return Box((size[0] - height) // 2, (size[1] - width) // 2, height, width)
