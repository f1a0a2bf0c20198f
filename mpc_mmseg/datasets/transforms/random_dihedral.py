"""Flips, quarter turns and transposition: the eight positions of a photograph."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

#: Name -> how it moves the pixels; all of them exact.
POSITIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    'horizontal': lambda a: cv2.flip(a, 1),
    'vertical': lambda a: cv2.flip(a, 0),
    'diagonal': lambda a: cv2.rotate(a, cv2.ROTATE_180),
    'rot90': lambda a: cv2.rotate(a, cv2.ROTATE_90_COUNTERCLOCKWISE),
    'rot270': lambda a: cv2.rotate(a, cv2.ROTATE_90_CLOCKWISE),
    'transpose': cv2.transpose,
    'transverse': lambda a: cv2.flip(cv2.transpose(a), -1),
}


@TRANSFORMS.register_module()
class RandomDihedral(BaseTransform):
    """Put image and mask into one of several positions, each as likely.

    Names are those of numpy's ``rot90`` and of mmseg's flips. The last four exchange
    height and width.

    Required Keys: img, seg_fields (optional). Modified Keys: img, img_shape and the
    seg_fields.

    Args:
        positions: Which to choose from. The default is MPC's: flips, quarter turns,
            transposition.

    Raises:
        ValueError: If there is none, or one is unknown.
    """

    def __init__(
        self,
        positions: Sequence[str] = (
            'horizontal',
            'vertical',
            'diagonal',
            'rot90',
            'rot270',
            'transpose',
        ),
    ) -> None:
        if not positions or isinstance(positions, str) or set(positions) - {*POSITIONS}:
            raise ValueError(
                f'positions must be a list of {list(POSITIONS)}, got {positions!r}'
            )
        self.positions = tuple(positions)

    @cache_randomness
    def random_position(self) -> str:
        return self.positions[np.random.randint(len(self.positions))]

    def transform(self, results: dict) -> dict:
        move = POSITIONS[self.random_position()]
        for key in ('img', *results.get('seg_fields', [])):
            results[key] = move(results[key])
        results['img_shape'] = results['img'].shape[:2]
        return results
