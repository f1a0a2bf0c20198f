"""Distortions that bend a picture: elastic, and of a grid."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from .random_range import check_range, draw


class _RandomWarp(BaseTransform):
    """Image and mask seen through maps of coordinates that a subclass draws.

    Nearest neighbours for the mask; what comes from outside the picture is black in
    the image and ignored (255) in the mask.

    Required Keys: img, seg_fields (optional). Modified Keys: img and the seg_fields.
    """

    def random_maps(self, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        """Where each pixel comes from: x and y (H, W) float32."""
        raise NotImplementedError

    def transform(self, results: dict) -> dict:
        maps = self.random_maps(*results['img'].shape[:2])
        results['img'] = cv2.remap(results['img'], *maps, cv2.INTER_LINEAR)
        for key in results.get('seg_fields', []):
            results[key] = cv2.remap(
                results[key], *maps, cv2.INTER_NEAREST, borderValue=255
            )
        return results


@TRANSFORMS.register_module()
class RandomElastic(_RandomWarp):
    """Displace pixels by a smooth random field.

    The nodes of a coarse grid are displaced at random, each coordinate uniformly
    within the amplitude; the pixels between follow by cubic interpolation.

    Required Keys: img, seg_fields (optional). Modified Keys: img and the seg_fields.

    Args:
        amplitude: Range of the largest displacement of a node, as a share of the
            shorter side.
        nodes: Nodes of the grid per side, over the whole picture.

    Raises:
        ValueError: If the range is not within 0..0.5 or nodes is below 2.
    """

    def __init__(
        self, amplitude: tuple[float, float] = (0.01, 0.04), nodes: int = 8
    ) -> None:
        self.amplitude = check_range('amplitude', amplitude, 0, 0.5)
        if nodes < 2:
            raise ValueError(f'nodes must be at least 2, got {nodes}')
        self.nodes = nodes

    @cache_randomness
    def random_nodes(self) -> np.ndarray:
        """Displacements as shares of the shorter side, (nodes, nodes, 2)."""
        shape = self.nodes, self.nodes, 2
        share = draw(self.amplitude)
        return np.random.uniform(-share, share, shape).astype(np.float32)

    def random_maps(self, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        field = cv2.resize(
            self.random_nodes() * np.float32(min(height, width)),
            (width, height),
            interpolation=cv2.INTER_CUBIC,
        )
        x, y = cv2.split(field)
        x += np.arange(width, dtype=np.float32)
        y += np.arange(height, dtype=np.float32)[:, None]
        return x, y


@TRANSFORMS.register_module()
class RandomGridDistortion(_RandomWarp):
    """Stretch and squeeze the rows and columns of a grid; the frame stays.

    Required Keys: img, seg_fields (optional). Modified Keys: img and the seg_fields.

    Args:
        limit: Range of the strength. Cells get widths of 1 + u before they are fitted
            into the frame, u uniform within the strength.
        cells: Cells of the grid per side.

    Raises:
        ValueError: If the range is not within 0..0.9 or cells is below 2.
    """

    def __init__(self, limit: tuple[float, float] = (0.0, 0.3), cells: int = 5) -> None:
        self.limit = check_range('limit', limit, 0, 0.9)
        if cells < 2:
            raise ValueError(f'cells must be at least 2, got {cells}')
        self.cells = cells

    @cache_randomness
    def random_widths(self) -> np.ndarray:
        """Widths of the cells, for columns and for rows, (2, cells)."""
        strength = draw(self.limit)
        return 1 + np.random.uniform(-strength, strength, (2, self.cells))

    def random_maps(self, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        columns, rows = self.random_widths()
        x = stretched(width, columns)[None].repeat(height, 0)
        y = stretched(height, rows)[:, None].repeat(width, 1)
        return x, y


def stretched(length: int, widths: np.ndarray) -> np.ndarray:
    """Where each of ``length`` pixels comes from when cells have other widths.

    Args:
        length: Pixels of the side.
        widths: Source widths of the cells, in any unit; the cells of the result are
            alike.

    Returns:
        (length,) float32, rising from 0 to length - 1.
    """
    edges = np.concatenate([[0], np.cumsum(widths)]) * (length - 1) / widths.sum()
    even = np.linspace(0, length - 1, len(edges))
    return np.interp(np.arange(length), even, edges).astype(np.float32)
