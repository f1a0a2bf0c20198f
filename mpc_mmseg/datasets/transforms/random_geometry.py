"""Crops, flips, turns, shrinking and warps, of the image and its masks alike.

Required Keys of all: img, seg_fields (optional). Modified Keys: img, img_shape where
the size changes, and the seg_fields. A range is a pair (low, high), drawn from
uniformly; arguments out of the limits that are stated raise a ValueError.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from mpc_mmseg.datasets.ranges import check_range

from .random_range import draw

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
_MPC = ('horizontal', 'vertical', 'diagonal', 'rot90', 'rot270', 'transpose')


@TRANSFORMS.register_module()
class RandomBlockCrop(BaseTransform):
    """Crop image and mask at native resolution, with the corner on a grid.

    JPEG divides a photograph into blocks of 8x8 pixels from its corner. With a corner
    on that grid, the traces of an earlier compression have the same phase in every crop
    as in the full photograph that is tested. A side shorter than the crop is not cut.

    Args:
        size: (height, width) of the crop, in pixels.
        block: Spacing of the grid, in pixels; 1 for a crop anywhere.
    """

    def __init__(self, size: tuple[int, int], block: int = 8) -> None:
        for name, value in (('size', size), ('block', (block,))):
            valid = all(isinstance(each, int) and each > 0 for each in value)
            if not valid or (name == 'size' and len(value) != 2):
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


@TRANSFORMS.register_module()
class RandomDihedral(BaseTransform):
    """Flip, turn or transpose image and mask, each position with equal probability.

    Names are those of numpy's ``rot90`` and of mmseg's flips. 'rot90', 'rot270',
    'transpose' and 'transverse' exchange height and width.

    Args:
        positions: Keys of ``POSITIONS`` to choose from. The default is MPC's.
    """

    def __init__(self, positions: Sequence[str] = _MPC) -> None:
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


@TRANSFORMS.register_module()
class RandomDownscale(BaseTransform):
    """Shrink image and mask at random and pad them to their former size, centred.

    MPC's augmentation (IEEE TIFS 2025).

    Args:
        scale: Range of the scale of both sides, within 0.01..1.
        pad_val: Grey level of the padding of the image.
        seg_pad_val: Value of the padding of the mask; 255 is ignored.
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
        # Linear, like the resize to the network's size; masks by the pixel's centre.
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
    """An image shrunk to a scale, in the centre of a frame of its size and a value."""
    height, width = image.shape[:2]
    small = max(1, round(height * scale)), max(1, round(width * scale))
    if small == (height, width):
        return image
    top, left = (height - small[0]) // 2, (width - small[1]) // 2
    bottom, right = height - small[0] - top, width - small[1] - left
    image = cv2.resize(image, small[::-1], interpolation=interpolation)
    return cv2.copyMakeBorder(
        image, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(fill, fill, fill)
    )


class _RandomWarp(BaseTransform):
    """Image and mask sampled at random coordinates.

    The mask is sampled by nearest neighbour. What lies outside the image becomes black,
    and ignored (255) in the mask.
    """

    #: (height, width) -> source x and y of each pixel, (H, W) float32.
    random_maps: Callable[[int, int], tuple[np.ndarray, np.ndarray]]

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

    Args:
        amplitude: Range of the largest displacement of a node, as a share of the
            shorter side, within 0..0.5.
        nodes: Nodes of the grid per side, at least 2.
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
    """Stretch and squeeze the rows and columns of a grid; the border stays.

    Args:
        limit: Range of the strength, within 0..0.9. Cells get widths of 1 + u before
            they are scaled to fill the image, u uniform within the strength.
        cells: Cells of the grid per side, at least 2.
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
    """Source position of each of ``length`` pixels after cells change their widths.

    ``widths`` are those in the source, in any unit; those in the result are equal. The
    positions (length,) rise from 0 to length - 1.
    """
    edges = np.concatenate([[0], np.cumsum(widths)]) * (length - 1) / widths.sum()
    even = np.linspace(0, length - 1, len(edges))
    return np.interp(np.arange(length), even, edges).astype(np.float32)
