"""Test-time augmentation: flips, quarter turns and scales, and the way back."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch.nn.functional as F
from torch import Tensor

KINDS = ('flip', 'rot90', 'scale')
SCALES = (0.75, 1.0, 1.25)
# A backbone whose coarsest map is 1/32 needs a pixel there.
_LEAST = 32


@dataclass(frozen=True)
class View:
    """An image scaled, then turned, then mirrored.

    Attributes:
        scale: Factor of both sides.
        turns: Quarter turns to the left, 0..3.
        mirrored: Whether left and right are swapped in the end.
    """

    scale: float = 1.0
    turns: int = 0
    mirrored: bool = False

    def apply(self, image: Tensor) -> Tensor:
        """Gives the view of an image (C, H, W)."""
        if self.scale != 1:
            size = [max(_LEAST, round(side * self.scale)) for side in image.shape[1:]]
            # float(): torch does not scale integers. SegDataPreProcessor makes
            # floats of them in any case.
            image = F.interpolate(
                image[None].float(), size, mode='bilinear', antialias=True
            )[0]
        image = image.rot90(self.turns, (1, 2))
        return image.flip(2) if self.mirrored else image

    def map_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Gives the size (H, W) in which the view's map shows an image of ``size``."""
        return (size[1], size[0]) if self.turns % 2 else (size[0], size[1])

    def undo(self, prob: np.ndarray) -> np.ndarray:
        """Turns the view's map (`map_size`) into the image's (H, W)."""
        if self.mirrored:
            prob = prob[:, ::-1]
        return np.rot90(prob, -self.turns)


def views_of(kinds: Sequence[str]) -> tuple[View, ...]:
    """Lists the views of some kinds of augmentation, the image itself first.

    Args:
        kinds: Of 'flip' (left-right, upside down), 'rot90' (quarter turns; with
            'flip' all eight positions) and 'scale' (by 0.75, 1 and 1.25).

    Raises:
        ValueError: If a kind is unknown.
    """
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise ValueError(f'tta must be of {KINDS}, got {unknown[0]!r}')
    positions = [(0, False)]
    if 'rot90' in kinds:
        positions = [(turns, False) for turns in range(4)]
    if 'flip' in kinds:
        # Upside down is half a turn and mirrored.
        positions += [(t, True) for t in (range(4) if 'rot90' in kinds else (0, 2))]
    scales = sorted(SCALES, key=lambda s: abs(s - 1)) if 'scale' in kinds else [1.0]
    return tuple(View(scale, *position) for scale in scales for position in positions)
