"""The map of a large image from overlapping tiles, blended without visible seams."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice, product
from math import ceil

import numpy as np

Window = tuple[slice, slice]


@dataclass(frozen=True)
class Tiling:
    """Size and overlap of the tiles of an image.

    Attributes:
        tile: Largest side of a tile in pixels.
        overlap: Minimum number of pixels shared by neighbours, over which they are
            blended.
        grid: Tiles begin at its multiples; tile and overlap are multiples of it.
    """

    tile: int
    overlap: int
    grid: int = 1

    def __post_init__(self) -> None:
        if self.tile < 32:
            raise ValueError(f'tile must be at least 32 pixels, got {self.tile}')
        if not 0 <= self.overlap <= self.tile // 2:
            raise ValueError(
                f'overlap must be in 0..{self.tile // 2}, half of the tile, got '
                f'{self.overlap}'
            )

    def on_grid(self, grid: int) -> 'Tiling':
        """The tiling with tile and overlap rounded up to multiples of a grid."""
        overlap = ceil(self.overlap / grid) * grid
        tile = max(ceil(self.tile / grid) * grid, 2 * overlap)
        return Tiling(tile, overlap, grid)


def tile_side(length: int, tiling: Tiling) -> int:
    """The least side of as many tiles as an axis needs; at most that of the tiling."""
    cells, tile, overlap = _cells(length, tiling)
    n = ceil((cells - overlap) / (tile - overlap))
    return tiling.grid * (tile if n < 2 else ceil((cells + (n - 1) * overlap) / n))


def tile_starts(length: int, tiling: Tiling) -> list[int]:
    """Start positions of tiles along an axis: evenly spaced, covering its end.

    The last tile ends with the image, up to a grid's spacing shorter than the others.
    """
    if length <= tiling.tile:
        return [0]
    cells, tile, overlap = _cells(length, tiling)
    n = ceil((cells - overlap) / (tile - overlap))
    room = cells - tile_side(length, tiling) // tiling.grid
    return [i * room // (n - 1) * tiling.grid for i in range(n)]


def _cells(length: int, tiling: Tiling) -> tuple[int, int, int]:
    """Length, tile and overlap in cells of the grid."""
    grid = tiling.grid
    return ceil(length / grid), tiling.tile // grid, tiling.overlap // grid


def fade(length: int, starts: Sequence[int], tiling: Tiling) -> list[np.ndarray]:
    """Blending weights of each tile along an axis; at each pixel they sum to 1.

    The weight of a tile rises from its edge as a squared sine over the overlap.

    Returns:
        (side,) float32 for each tile, less if it ends at the image's end; all 1 for a
        single one.
    """
    total, side = np.zeros(length), tile_side(length, tiling)
    ramps = []
    for start in starts:
        size = min(side, length - start)
        distance = np.minimum(np.arange(size), np.arange(size)[::-1]) + 0.5
        share = np.minimum(distance / max(tiling.overlap, 1), 1)
        ramps.append(np.sin(np.pi / 2 * share) ** 2)
        total[start : start + size] += ramps[-1]
    return [
        (ramp / total[start : start + len(ramp)]).astype(np.float32)
        for start, ramp in zip(starts, ramps)
    ]


def tiled_map(
    size: tuple[int, int],
    tiling: Tiling,
    predict: Callable[[list[Window]], list[np.ndarray]],
    batch_size: int = 1,
) -> np.ndarray:
    """Predicts an image (H, W) tile by tile and blends the maps, float32 in 0..1.

    A tile's weights are the product of the weights along both axes, so only the map
    is kept: memory does not grow with the number of tiles.

    Args:
        size: (H, W).
        tiling: Size and overlap of the tiles.
        predict: Maps windows of the image to their maps, float32 in 0..1.
        batch_size: Number of windows per call of ``predict``.
    """
    starts = [tile_starts(length, tiling) for length in size]
    weights = [fade(length, s, tiling) for length, s in zip(size, starts)]
    prob = np.zeros(size, np.float32)
    grid = product(zip(starts[0], weights[0]), zip(starts[1], weights[1]))
    for batch in iter(lambda: list(islice(grid, batch_size)), []):
        windows = [
            (slice(y, y + len(down)), slice(x, x + len(across)))
            for (y, down), (x, across) in batch
        ]
        for window, ((_, down), (_, across)), tile_prob in zip(
            windows, batch, predict(windows)
        ):
            prob[window] += tile_prob * down[:, None] * across
    # The weights sum to 1 up to rounding.
    return np.clip(prob, 0, 1, out=prob)
